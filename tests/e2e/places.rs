//! The places that the tool writes to: what is there stays what it is.
#![cfg(unix)]

use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;

use crate::support::{World, in_api_mode, read, role, seed};

const TEXT: &str =
    "- rolearn: arn:aws:iam::111122223333:role/dev\n  username: dev\n  groups: [developers]\n";

async fn world() -> World {
    World::start(in_api_mode(seed(TEXT, &[&role("dev")]))).await
}

fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}

/// A one-line file without an end was taken for a torn journal, and cut to nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_journal_is_refused_and_left_as_it_is() {
    let world = world().await;
    let notes = world.write("notes", "one line without an end");
    std::fs::set_permissions(&notes, PermissionsExt::from_mode(0o644)).unwrap();
    let link = world.path("journal.lock");
    symlink(&notes, &link).unwrap();
    for (journal, words) in [
        (notes.clone(), "is not a journal"),
        (world.path("journal"), "it is a symbolic link"),
    ] {
        let ran = world
            .apply()
            .arg("--journal")
            .arg(&journal)
            .run()
            .expect_code(1);
        ran.expect_error(&[words]);
    }
    assert_eq!(read(&notes), "one line without an end");
    let mode = std::fs::metadata(&notes).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    assert!(!world.path("notes.lock").exists() && !world.path("journal").exists());
    assert!(
        !world
            .sandbox
            .state()
            .entries
            .iter()
            .any(|entry| entry.entry.principal_arn.to_string() == role("dev"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_as_journal_is_not_waited_for() {
    let world = world().await;
    let pipe = world.path("pipe");
    make_pipe(&pipe);
    for tool in [world.apply(), world.tool("plan"), world.tool("rollback")] {
        let ran = tool.arg("--journal").arg(&pipe).run().expect_code(1);
        ran.expect_error(&["the journal", "not a regular file"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_or_a_device_is_written_into_and_stays() {
    let world = world().await;
    let (out, report) = (world.path("out"), world.path("report"));
    for pipe in [&out, &report] {
        make_pipe(pipe);
    }
    let readers = [&out, &report].map(|pipe| {
        let pipe = pipe.clone();
        std::thread::spawn(move || read(&pipe))
    });
    let tool = world.tool("plan").args(&["--output", "json"]);
    let ran = tool
        .arg("--out")
        .arg(&out)
        .arg("--out-report")
        .arg(&report)
        .run();
    let ran = ran.expect_code(0);
    let [saved, reported] = readers.map(|reader| reader.join().unwrap());
    assert_eq!(reported, ran.stdout);
    assert!(saved.contains("aws-auth-migrate/plan/v1"), "{saved}");
    for pipe in [&out, &report] {
        assert!(
            std::fs::symlink_metadata(pipe)
                .unwrap()
                .file_type()
                .is_fifo()
        );
    }

    // As the shell gives it for `>(command)`, and a device that root could replace.
    let tool = world
        .tool("plan")
        .args(&["--quiet", "--out", "/dev/stdout"]);
    let ran = tool
        .args(&["--out-report", "/dev/null"])
        .run()
        .expect_code(0);
    assert!(
        ran.stdout
            .contains("\"schema\": \"aws-auth-migrate/plan/v1\""),
        "{}",
        ran.stdout
    );
    let null = std::fs::symlink_metadata("/dev/null").unwrap().file_type();
    assert!(null.is_char_device());

    let target = world.write("target", "precious");
    let link = world.path("link");
    symlink(&target, &link).unwrap();
    let ran = world
        .tool("plan")
        .arg("--out")
        .arg(&link)
        .run()
        .expect_code(1);
    ran.expect_error(&["failed to write the plan", "symbolic link"]);
    assert_eq!(read(&target), "precious");
}

/// An encrypting command may take the backup; going back takes it from the journal.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_goes_into_a_pipe_and_rollback_needs_it_not() {
    let world = world().await;
    let before = world.sandbox.state().aws_auth;
    world.apply().run().expect_code(0);
    let pipe = world.path("backup");
    make_pipe(&pipe);
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || read(&pipe)
    });
    let cut = world
        .tool("cutover")
        .args(&["--yes", "--soak", "0s", "--backup"]);
    cut.arg(&pipe).run().expect_code(0);
    assert!(reader.join().unwrap().contains("role/dev"));
    assert!(
        std::fs::symlink_metadata(&pipe)
            .unwrap()
            .file_type()
            .is_fifo()
    );
    assert!(!world.path("backup.json").exists());
    world.tool("rollback").arg("--yes").run().expect_code(0);
    let data = |object: Option<serde_json::Value>| object.map(|object| object["data"].clone());
    assert_eq!(data(world.sandbox.state().aws_auth), data(before));
}
