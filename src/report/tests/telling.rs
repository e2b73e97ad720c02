//! What the opening sentence counts and what the next step is.

use super::plans::{large, many, small, with_texts};
use crate::finding::{Code, Finding};
use crate::model::AuthenticationMode;
use crate::plan::Plan;
use crate::plan::document::{Outcome, PlacedFinding, SourceKind, Summary, Verdict};
use crate::report::{TableOptions, Tally, counts, csv, html, markdown, next, sentence, table};

/// The last command of the next steps.
fn command_of(plan: &Plan) -> String {
    next(plan).steps.pop().unwrap().command.to_string()
}

/// The small plan's first mapping as one with this outcome and verdict.
fn one(outcome: Outcome, verdict: Option<Verdict>) -> Plan {
    let mut plan = small();
    plan.mappings.truncate(1);
    let mut mapping = plan.mappings.remove(0).outcome(outcome);
    mapping.access.verdict = verdict;
    plan.mappings.push(mapping);
    plan.summary = Summary::count([outcome]);
    plan
}

#[test]
fn everybody_is_listed_once_and_gains_are_never_hidden() {
    use Outcome::{Blocked, Conflict, Create, Inert, Skipped};
    use Verdict::{Changed, Gained, Lost, Renamed, Same};
    let none = "0 principals keep exactly their access";
    for (outcome, verdict, expected) in [
        (
            Create,
            Some(Same),
            "1 principal keeps exactly its access, 0 gain.".to_owned(),
        ),
        (
            Create,
            Some(Renamed),
            format!("{none}, 1 is renamed (no binding uses the old name), 0 gain."),
        ),
        (
            Create,
            Some(Lost),
            format!("{none}, 1 loses access, 0 gain."),
        ),
        (Create, Some(Gained), format!("{none}, 1 gains.")),
        (
            Create,
            Some(Changed),
            format!("{none}, 1 loses some access and gains other."),
        ),
        (
            Create,
            None,
            format!(
                "{none}, 1 is renamed (not known whether a binding uses the old name), 0 gain."
            ),
        ),
        (
            Blocked,
            Some(Lost),
            format!("{none}, 1 needs a decision (1 would lose access), 0 gain."),
        ),
        (
            Conflict,
            Some(Gained),
            format!("{none}, 1 needs a decision (1 would gain access)."),
        ),
        (
            Conflict,
            Some(Changed),
            format!("{none}, 1 needs a decision (1 would lose, 1 would gain)."),
        ),
        (
            Skipped,
            Some(Same),
            "1 principal keeps exactly its access, 0 gain.".to_owned(),
        ),
        (Skipped, None, format!("{none}, 1 is left out, 0 gain.")),
        (
            Inert,
            None,
            format!("{none}, 1 has no access today, 0 gain."),
        ),
    ] {
        assert_eq!(sentence(&one(outcome, verdict)), expected);
    }
}

#[test]
fn a_tally_has_every_mapping_in_one_place() {
    let plan = large();
    let Tally {
        same,
        renamed,
        renamed_unseen,
        lose,
        change,
        gain,
        unknown,
        undecided,
        inert,
        left_out,
        ..
    } = Tally::of(&plan);
    let told = same
        + renamed
        + renamed_unseen
        + lose
        + change
        + gain
        + unknown
        + undecided
        + inert
        + left_out;
    assert_eq!(told, plan.mappings.len());
}

/// Two whole accounts once stood among the blocked mappings, whose number did not count them.
#[test]
fn whole_accounts_are_a_number_of_their_own() {
    let plan = large();
    assert!(counts(&plan).ends_with("1 skipped; 1 whole account"));
    let page = html(&plan);
    assert!(page.contains(&format!("aria-label=\"{}\"", counts(&plan))));
    assert!(page.contains("whole accounts <b>1</b>"));
    assert!(!counts(&small()).contains("account"));
}

#[test]
fn open_decisions_are_not_reported_as_no_access() {
    for (outcome, expected) in [
        (Outcome::Blocked, "not decided"),
        (Outcome::Skipped, "not in this plan"),
    ] {
        let mut plan = one(outcome, None);
        plan.mappings[0].access.after = None;
        plan.findings.clear();
        plan.actions.clear();
        let details = TableOptions {
            details: true,
            ..TableOptions::default()
        };
        for text in [
            html(&plan),
            markdown(&plan, true),
            table(&plan, details),
            csv(&plan),
        ] {
            assert!(text.contains(expected), "{text}");
            assert!(!text.contains("no access"), "{text}");
        }
    }
}

/// Paper is as narrow as a telephone, and once got its layout.
#[test]
fn a_page_is_laid_out_for_paper_and_keeps_accounts_in_one_piece() {
    let page = html(&large());
    for rule in page
        .lines()
        .filter(|line| line.contains("max-width: 48rem"))
    {
        assert_eq!(rule, "@media screen and (max-width: 48rem) {");
    }
    assert!(page.contains("<span class=\"account\">345678901234:</span>role/central-ci"));
    let (head, rest) = page.split_once("<h2>").unwrap();
    assert!(head.contains("<dt>mode</dt>") && !rest.contains("<dt>mode"));
}

/// As many mappings as a `ConfigMap` has room for, most of which say the same.
#[test]
fn a_page_of_thousands_of_mappings_says_a_thing_once() {
    let page = html(&many(6_700));
    assert!(page.len() < 3_000_000, "{}", page.len());
    let note = page.matches("EKS refuses the group").count();
    assert_eq!(note, 2, "in the question and in its group");
    assert_eq!(page.matches("the username is left to EKS").count(), 1);
    assert_eq!(page.matches("<tr id=\"mapRoles-").count(), 6_700);
    // All 670 are settled by one line.
    assert!(
        page.contains("- {code: AAM303, do: leave}"),
        "{}",
        &page[..9_000]
    );
}

/// GitHub takes comments of 65536 characters, and a plan of 300 mappings once had 176000.
#[test]
fn three_hundred_mappings_fit_into_a_comment() {
    let mut plan = large();
    let one = plan.mappings[1].clone();
    while plan.mappings.len() < 300 {
        let mut more = one.clone();
        more.id.index = plan.mappings.len();
        more.arn.push_str(&format!("-{}", plan.mappings.len()));
        plan.mappings.push(more);
    }
    let page = markdown(&plan, false);
    assert!(page.len() < 65_536, "{}", page.len());
    assert!(page.contains("mere information are left out here; `--details` shows them."));
    let details = markdown(&plan, true);
    assert!(
        details.contains("longer than the 65536 characters"),
        "{}",
        details.len()
    );
}

#[test]
fn a_plan_of_nothing_says_so() {
    let mut plan = small();
    plan.mappings.clear();
    assert_eq!(
        sentence(&plan),
        "There is nothing in `aws-auth` to migrate."
    );
}

#[test]
fn the_next_step_follows_from_the_plan() {
    let command = |change: &dyn Fn(&mut Plan)| {
        let mut plan = small();
        change(&mut plan);
        command_of(&plan)
    };
    assert_eq!(
        command(&|_| {}),
        "aws-auth-migrate apply --cluster prod --region eu-west-1 --enable-access-entries"
    );
    assert_eq!(
        command(&|plan| {
            plan.cluster.authentication_mode = Some(AuthenticationMode::ApiAndConfigMap);
            plan.source.kind = SourceKind::File;
            plan.source.options = vec!["--from-file=a b.yaml".to_owned().into()];
            plan.choices.include_inert = true;
            let renamed = ("system:old".to_owned(), "new one".to_owned());
            plan.choices.rename_groups = [renamed].into();
            plan.actions.remove(0);
        }),
        "aws-auth-migrate apply --cluster prod --region eu-west-1 --from-file 'a b.yaml' \
         --rename-group 'system:old=new one' --include-inert"
    );
    assert_eq!(
        command(&|plan| plan.actions.clear()),
        "aws-auth-migrate verify --cluster prod --region eu-west-1"
    );
    assert_eq!(
        command(&|plan| {
            plan.cluster.authentication_mode = None;
            plan.cluster.name = None;
        }),
        "aws-auth-migrate plan --cluster NAME --region eu-west-1"
    );
    let mut open = large();
    open.actions.clear();
    assert_eq!(
        command_of(&open),
        "aws-auth-migrate decide --cluster prod --region eu-west-1 --out decisions.yaml"
    );
}

#[test]
fn a_shell_takes_every_word_of_the_next_command_as_it_is() {
    let plan = with_texts(&["$(rm -rf /) it's".to_owned()]);
    let command = command_of(&plan);
    assert!(
        command.contains(r"--cluster '$(rm -rf /) it'\''s' --region"),
        "{command}"
    );
}

/// `plan` once offered an `apply` that was refused at once.
#[test]
fn an_apply_that_would_be_refused_is_not_offered() {
    let mut plan = small();
    assert!(!plan.actions.is_empty());
    assert!(
        command_of(&plan).contains(" apply "),
        "{}",
        command_of(&plan)
    );
    plan.findings.push(PlacedFinding {
        finding: Finding::new(Code::CallerLosesAdmin, "the plan takes it away", ""),
        section: None,
        line: None,
        column: None,
    });
    assert_eq!(command_of(&plan), "aws-auth-migrate explain AAM605");
}

/// Without it the printed command made a plan whose renamed groups were bound to nothing.
#[test]
fn the_next_command_creates_the_bindings_that_the_plan_counts_on() {
    let mut plan = small();
    plan.choices.rename_groups = [("system:audit".to_owned(), "audit".to_owned())].into();
    assert!(!command_of(&plan).contains("--apply-rbac"));
    plan.choices.bind_renamed = true;
    assert!(
        command_of(&plan).ends_with(" --apply-rbac"),
        "{}",
        command_of(&plan)
    );
}

/// A command that was broken at the edge of the terminal, or stood in several code spans, could not be copied.
#[test]
fn a_command_in_a_fix_stays_in_one_piece() {
    let command = "aws eks associate-access-policy --cluster-name shop --principal-arn arn:aws:iam::111122223333:role/x --policy-arn arn:aws:eks::aws:cluster-access-policy/AWSBatchNamespacePolicy";
    let mut plan = one(Outcome::Blocked, None);
    plan.mappings[0].findings = vec![Finding::new(
        Code::ServiceLinkedBatch,
        "jobs would stay RUNNABLE",
        format!("for every namespace run `{command}`, then plan again"),
    )];
    let narrow = TableOptions {
        width: 60,
        ..TableOptions::default()
    };
    let shown = table(&plan, narrow);
    assert!(shown.lines().any(|line| line.trim() == command), "{shown}");
    assert!(shown.contains("then plan again"), "{shown}");
    assert!(markdown(&plan, false).contains(&format!("`{command}`")));
    assert!(html(&plan).contains(&format!("<code>{command}</code>")));
}

/// It once was shown as `user ;`.
#[test]
fn an_empty_username_is_left_to_eks() {
    let mut plan = one(Outcome::Create, Some(Verdict::Same));
    let entry = plan.mappings[0].entry.as_mut().unwrap();
    entry.username = Some(String::new());
    let shown = table(
        &plan,
        TableOptions {
            width: 200,
            ..TableOptions::default()
        },
    );
    assert!(shown.contains("user set by EKS"), "{shown}");
}
