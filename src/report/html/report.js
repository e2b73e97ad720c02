'use strict';
addEventListener('DOMContentLoaded', () => {
  const groups = [...document.querySelectorAll('.group')];
  // A link to a row opens the group around it.
  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const group = target && target.closest('details');
    if (!group) return;
    const all = document.getElementById('show-all');
    if (all) all.checked = true;
    group.open = true;
    target.scrollIntoView({ block: 'center' });
  };
  addEventListener('hashchange', reveal);
  reveal();

  for (const block of document.querySelectorAll('pre.copied')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'Copy';
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(block.querySelector('code').textContent);
        button.textContent = 'Copied';
      } catch {
        getSelection().selectAllChildren(block.querySelector('code'));
        button.textContent = 'Selected';
      }
    });
    block.prepend(button);
  }

  const search = document.getElementById('search');
  if (!search) return;
  search.closest('[hidden]').hidden = false;
  let rows;
  let folded;
  const find = () => {
    rows ??= groups.flatMap((group) => {
      // What is said once for all of a group, without the places that it names.
      const shared = [...group.querySelectorAll(':scope > p, summary')].map((note) => {
        const about = note.querySelector('.about');
        return note.textContent.replace(about ? about.textContent : '', '');
      });
      const alike = shared.join(' ').toLowerCase();
      return [...group.querySelectorAll('tbody > tr')].map((row) => ({ row, group, alike, text: row.textContent.toLowerCase() }));
    });
    // A whole ARN is found as well: the page leaves out the cluster's own account.
    const words = search.value.toLowerCase().replace(/arn:[\w-]+:iam::\d*:/g, '').split(/\s+/).filter(Boolean);
    folded ??= new Map(groups.map((group) => [group, group.open]));
    const hits = new Map(groups.map((group) => [group, 0]));
    let all = 0;
    for (const { row, group, alike, text } of rows) {
      const hit = words.every((word) => text.includes(word) || alike.includes(word));
      if (row.hidden === hit) row.hidden = !hit;
      if (hit) {
        hits.set(group, hits.get(group) + 1);
        all += 1;
      }
    }
    for (const [group, count] of hits) {
      group.hidden = count === 0;
      // Thousands of rows take a while to lay out, so they are left folded.
      if (words.length === 0 || all > 500) group.open = folded.get(group);
      else if (count > 0) group.open = true;
    }
    if (words.length === 0) folded = undefined;
    document.getElementById('hits').textContent = words.length === 0 ? '' : all + ' of ' + rows.length;
  };
  let timer;
  search.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(find, 120);
  });
});
