// Looks at pages as a person does: node look.mjs FOLDER MODULES FILE...
// Prints what is wrong, a line each; leaves a picture of each look in FOLDER. MODULES is where puppeteer-core and axe-core are installed.
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, modules, ...files] = process.argv.slice(2);
const require = createRequire(join(modules, 'look.js'));
const puppeteer = require('puppeteer-core');
const axe = require('axe-core');

const LOOKS = [
  { name: 'light-1280', width: 1280, scheme: 'light' },
  { name: 'dark-1280', width: 1280, scheme: 'dark' },
  { name: 'light-390', width: 390, scheme: 'light' },
  { name: 'dark-390', width: 390, scheme: 'dark' },
  { name: 'print', width: 794, scheme: 'light', print: true },
];

/** What is wider than its place, or cut off. Runs in the page. */
const overflowing = () => {
  const wide = [];
  for (const one of document.querySelectorAll('html, body, body *')) {
    if (!one.checkVisibility() || ['svg', 'rect', 'text', 'title'].includes(one.tagName)) continue;
    const box = one.getBoundingClientRect();
    const inner = one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1;
    if (inner || box.right > document.documentElement.clientWidth + 1 || box.left < -1) {
      wide.push(`${one.tagName.toLowerCase()}.${one.className}: ${one.textContent.trim().slice(0, 60)}`);
    }
  }
  return wide;
};

/** Texts that lie over each other in neighbouring cells. Runs in the page. */
const overlapping = () => {
  const over = [];
  for (const row of document.querySelectorAll('tr')) {
    const cells = [...row.children].filter((cell) => cell.checkVisibility());
    for (let index = 1; index < cells.length; index += 1) {
      const [a, b] = [cells[index - 1].getBoundingClientRect(), cells[index].getBoundingClientRect()];
      if (a.right > b.left + 1 && a.bottom > b.top + 1) over.push(row.textContent.trim().slice(0, 60));
    }
  }
  return over;
};

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  protocolTimeout: 600000,
});
try {
  for (const file of files) {
    for (const look of LOOKS) {
      const page = await browser.newPage();
      const say = (text) => console.log(`${basename(file)} ${look.name}: ${text}`);
      page.on('console', (message) => ['error', 'warn'].includes(message.type()) && say(message.text()));
      page.on('pageerror', (error) => say(error));
      await page.setViewport({ width: look.width, height: 900 });
      await page.emulateMediaType(look.print ? 'print' : 'screen');
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: look.scheme }]);
      await page.goto(pathToFileURL(file).href, { timeout: 600000 });
      await page.screenshot({ path: join(folder, `${basename(file)}.${look.name}.png`), fullPage: true });
      // What is folded is looked at as well.
      await page.evaluate(() => document.querySelectorAll('details').forEach((one) => { one.open = true; }));
      for (const wide of await page.evaluate(overflowing)) say(`too wide: ${wide}`);
      for (const over of await page.evaluate(overlapping)) say(`overlaps: ${over}`);
      // The debugger's own evaluation is not held by the page's policy.
      await page.evaluate(axe.source);
      const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
      for (const { id, help, nodes } of found.violations) {
        say(`axe ${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(' | ')}`);
      }
      await page.close();
    }
    const page = await browser.newPage();
    const say = (text) => console.log(`${basename(file)} search: ${text}`);
    await page.goto(pathToFileURL(file).href, { timeout: 600000 });
    if (await page.$('#search')) {
      const [id, text] = await page.$$eval('.mappings .rows tbody tr', (rows) => {
        const last = rows[rows.length - 1];
        return [last.id, last.querySelector('code').textContent];
      });
      await page.type('#search', text);
      await page.waitForFunction(() => document.getElementById('hits').textContent !== '', { timeout: 60000 });
      const isSeen = await page.$eval(`#${id}`, (row) => row.checkVisibility());
      if (!isSeen) say(`${text} does not find ${id}`);
      const seen = await page.$$eval('.mappings .rows tbody tr', (rows) => rows.filter((row) => !row.hidden).length);
      const all = await page.$$eval('.mappings .rows tbody tr', (rows) => rows.length);
      if (all > 1 && seen === all) say(`${text} hides nothing`);
    }
    await page.close();
  }
} finally {
  await browser.close();
}
console.log('looked');
