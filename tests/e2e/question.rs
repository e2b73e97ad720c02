//! Questions at a terminal: what was seen may have changed by the time somebody answers.

use serde_json::Value;

use crate::cutover::{TWO, applied, data, not_applied};
use crate::many::end_state;
use crate::support::{CLUSTER, World, read, role};
use crate::terminal::Terminal;

/// Runs the tool at a terminal, does something once it asks, and answers.
///
/// `None` where there is no `script` that makes terminals.
fn answered(
    world: &World,
    verb: &str,
    more: &str,
    meanwhile: impl FnOnce(),
    answer: &str,
) -> Option<(i32, String)> {
    let mut terminal = Terminal::open(world, verb, more)?;
    terminal.until("to continue: ");
    meanwhile();
    Some(terminal.last(answer))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_made_real_only_if_it_still_is_the_one_that_was_shown() {
    let world = not_applied().await;
    let before = end_state(&world);
    let switch = "--enable-access-entries";
    // The question about the switch replaces the option.
    let Some((code, shown)) = answered(&world, "apply", "", || {}, "no") else {
        return;
    };
    assert_eq!(code, 1, "{shown}");
    assert!(shown.contains("which can't be undone"), "{shown}");
    assert_eq!(end_state(&world), before);

    let without_dev = TWO.split("# devs").next().unwrap().to_owned();
    let edit = || {
        let data = [("mapRoles".to_owned(), without_dev)].into();
        world
            .sandbox
            .edit(|world| world.put_aws_auth(CLUSTER, &data));
    };
    let (code, shown) = answered(&world, "apply", switch, edit, "yes").unwrap();
    assert_eq!(code, 1, "{shown}");
    assert!(
        shown.contains("changed while the question was open"),
        "{shown}"
    );
    assert_eq!(end_state(&world), before);

    let (code, shown) = answered(&world, "apply", "", || {}, "yes").unwrap();
    assert_eq!(code, 0, "{shown}");
    let live = end_state(&world).1;
    assert!(live.contains_key(&role("ops")) && !live.contains_key(&role("dev")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_command_while_it_asks() {
    let world = not_applied().await;
    let before = end_state(&world);
    let Some(mut terminal) = Terminal::open(&world, "apply", "") else {
        return;
    };
    terminal.until("to continue: ");
    let (code, shown) = terminal.interrupt();
    assert_eq!(code, 130, "{shown}");
    assert!(shown.contains("nothing was written"), "{shown}");
    assert_eq!(end_state(&world), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_over_looks_again_at_the_entries_when_the_question_is_answered() {
    let world = applied().await;
    let before = data(&world);
    let take_away = || {
        let mut entry = end_state(&world).1.remove(&role("dev")).unwrap();
        entry.kubernetes_groups.clear();
        world.sandbox.edit(|world| world.put_entry(CLUSTER, &entry));
    };
    let Some((code, shown)) = answered(&world, "cutover", "", take_away, "yes") else {
        return;
    };
    assert_eq!(code, 3, "{shown}");
    assert!(shown.contains("Nothing was removed"), "{shown}");
    assert_eq!(data(&world), before);
    let journal = read(&world.journal());
    assert!(!journal.contains("configMapIntent"), "{journal}");
    let _: Value = serde_json::from_str(journal.lines().next().unwrap()).unwrap();
}
