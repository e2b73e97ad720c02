//! Secrets in every place where one can be, and no command that repeats one, whatever goes wrong.
//!
//! Beside this, every command of all tests is held against the secrets that it was given, see `support::Tool::run`.

use std::path::{Path, PathBuf};

use serde_yaml::Value;

use crate::support::{Ran, Tool, World, in_api_mode, role, seed};

const TEXT: &str =
    "- rolearn: arn:aws:iam::111122223333:role/dev\n  username: dev\n  groups: [developers]\n";

/// What is looked for.
const MARK: &str = "MARKEDsecret";

async fn world() -> World {
    World::start(in_api_mode(seed(TEXT, &[&role("dev")]))).await
}

/// The sandbox's kubeconfig with another user.
fn kubeconfig_of(world: &World, user: &str) -> PathBuf {
    let mut config: Value = serde_yaml::from_str(&world.sandbox.kubeconfig()).unwrap();
    config["users"][0]["user"] = serde_yaml::from_str(user).unwrap();
    world.write("kubeconfig", &serde_yaml::to_string(&config).unwrap())
}

fn by(world: &World, kubeconfig: &Path) -> Tool {
    let tool = world.tool("plan").arg("-vv").arg("--kubeconfig");
    tool.arg(kubeconfig)
}

#[track_caller]
fn expect_unmarked(ran: &Ran, place: &str) {
    for (name, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
        assert!(!text.contains(MARK), "{place} is on {name}:\n{text}");
    }
    assert!(!ran.stderr.contains("panicked"), "{place}: {}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_error_about_a_kubeconfigs_user_repeats_a_secret() {
    let world = world().await;
    let script = world.write(
        "plugin.sh",
        &format!("echo {MARK} >&2; case $1 in fail) echo {MARK}; exit 3 ;; print) printf '%s' \"$2\" ;; esac"),
    );
    let plugin = |args: &str| {
        format!(
            "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, args: ['{}', {args}], \
             env: [{{name: SECRET, value: {MARK}}}]}}}}",
            script.display()
        )
    };
    let token_file = world.write("token", &format!("{MARK}\n{MARK}\n"));
    for (user, words) in [
        (
            plugin(&format!("fail, --token, {MARK}")),
            "plugin `sh`: it failed (exit status: 3)",
        ),
        (
            plugin(&format!("print, '{MARK}'")),
            "its output is not an ExecCredential",
        ),
        (
            plugin(&format!(
                "print, '{{\"status\": {{\"token\": [\"{MARK}\"]}}}}'"
            )),
            "its output is not an ExecCredential (line 1, column",
        ),
        (
            plugin(&format!(
                "print, '{{\"status\": {{\"token\": \"{MARK}\\n\"}}}}'"
            )),
            "the token contains a line break",
        ),
        (
            plugin(&format!(
                "print, '{{\"status\": {{\"token\": \"{MARK}\", \"expirationTimestamp\": \"{MARK}\"}}}}'"
            )),
            "`expirationTimestamp` is not an RFC 3339 time",
        ),
        (
            plugin(&format!(
                "print, '{{\"status\": {{\"clientCertificateData\": \"{MARK}\", \"clientKeyData\": \"{MARK}\"}}}}'"
            )),
            "failed to use the kubeconfig",
        ),
        (
            format!("{{exec: {{command: /nonexistent, args: [{MARK}]}}}}"),
            "it can't be started",
        ),
        (
            format!("{{token: \"{MARK}\\n\"}}"),
            "the token contains a line break",
        ),
        (format!("{{token: {MARK}}}"), "does not know the caller"),
        (
            format!("{{tokenFile: '{}'}}", token_file.display()),
            "the token contains a line break",
        ),
        (
            "{tokenFile: /nonexistent}".to_owned(),
            "the token can't be read from",
        ),
        (
            format!("{{username: {MARK}, password: {MARK}}}"),
            "does not know the caller",
        ),
        (
            format!("{{client-certificate-data: '!{MARK}', client-key-data: '!{MARK}'}}"),
            "is not base64",
        ),
        (
            format!("{{auth-provider: {{name: gcp, config: {{cmd-path: sh, cmd-args: {MARK}}}}}}}"),
            "the auth provider `gcp`, which is not supported",
        ),
        (
            format!("{{auth-provider: {{name: oidc, config: {{id-token: {MARK}}}}}}}"),
            "does not know the caller",
        ),
        (
            format!("{{token: x, as: \"{MARK}\\n\"}}"),
            "can't be sent in a header",
        ),
    ] {
        let ran = by(&world, &kubeconfig_of(&world, &user))
            .run()
            .expect_code(1);
        ran.expect_error(&[words]);
        expect_unmarked(&ran, &user);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_error_about_a_kubeconfigs_text_repeats_its_lines() {
    let world = world().await;
    for (text, words) in [
        (
            format!("users:\n- name: u\n  user:\n    token: {MARK}\n   client-key-data: {MARK}\n"),
            "line 5, column",
        ),
        (format!("users: {MARK}\n"), "line 1, column"),
        (
            format!("users:\n- name: u\n  user: {{token: [{MARK}]}}\n"),
            "line 3, column",
        ),
        (format!("{MARK}: {{"), "line 1, column"),
    ] {
        let path = world.write("broken", &text);
        let ran = by(&world, &path).run().expect_code(1);
        ran.expect_error(&["failed to use the kubeconfig", words]);
        expect_unmarked(&ran, &text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_url_is_shown_with_its_password() {
    let world = world().await;
    let with_password = |url: &str| url.replacen("://", &format!("://{MARK}:{MARK}@"), 1);

    let endpoint = with_password(world.sandbox.aws_url());
    let tool = world.tool("plan").arg("-vv");
    let ran = tool.env("AWS_ENDPOINT_URL", &endpoint).run();
    assert!(ran.stderr.contains("GetCallerIdentity") || ran.code == 1);
    expect_unmarked(&ran, "AWS_ENDPOINT_URL");
    let tool = world.tool("plan").arg("-vv");
    let ran = tool
        .env("AWS_ENDPOINT_URL", with_password("http://127.0.0.1:9"))
        .run()
        .expect_code(1);
    expect_unmarked(&ran, "AWS_ENDPOINT_URL that nobody answers");

    let kubeconfig = world.sandbox.kubeconfig();
    let path = world.write("server", &with_password(&kubeconfig));
    let ran = by(&world, &path).run().expect_code(0);
    ran.expect_error(&["GET /api/v1/namespaces/kube-system/configmaps/aws-auth"]);
    expect_unmarked(&ran, "the server's URL");
    let elsewhere = with_password(&kubeconfig.replace("127.0.0.1", "127.0.0.2"));
    let path = world.write("server", &elsewhere);
    let ran = by(&world, &path).run().expect_code(1);
    ran.expect_error(&["the context points to `https://127.0.0.2"]);
    expect_unmarked(&ran, "another server's URL");

    for scheme in ["http", "ftp", "socks5"] {
        let proxy = format!("{scheme}://{MARK}:{MARK}@127.0.0.1:9");
        let mut config: Value = serde_yaml::from_str(&kubeconfig).unwrap();
        config["clusters"][0]["cluster"]["proxy-url"] = proxy.as_str().into();
        let path = world.write("proxy", &serde_yaml::to_string(&config).unwrap());
        let ran = by(&world, &path).run().expect_code(1);
        expect_unmarked(&ran, &proxy);
        let tool = world.tool("plan").arg("-vv").env("HTTPS_PROXY", &proxy);
        let ran = tool.run().expect_code(1);
        expect_unmarked(&ran, &proxy);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_error_about_aws_credentials_repeats_a_secret() {
    let world = world().await;
    let home = world.path("home");
    let token = world.write("web-identity", MARK);
    let bundle = world.write(
        "bundle.pem",
        &format!("-----BEGIN CERTIFICATE-----\n{MARK}\n"),
    );
    let process = |command: &str| format!("[default]\ncredential_process = {command}\n");
    let config = |text: &str| vec![("AWS_CONFIG_FILE", text.to_owned())];
    for (settings, words) in [
        (
            config(&process(&format!("sh -c 'echo {MARK} >&2; exit 7' {MARK}"))),
            "external process exited with code exit status: 7",
        ),
        (
            config(&process(&format!("echo {MARK}"))),
            "external process",
        ),
        (
            config(&process(&format!(
                r#"echo '{{"Version": 1, "AccessKeyId": "{MARK}", "SecretAccessKey": ["{MARK}"]}}'"#
            ))),
            "external process",
        ),
        (
            config(&format!("[default]\naws_secret_access_key {MARK}\n")),
            "error: ",
        ),
        (
            vec![(
                "AWS_SHARED_CREDENTIALS_FILE",
                format!("[default\naws_secret_access_key = {MARK}\n"),
            )],
            "error: ",
        ),
        (
            vec![(
                "AWS_SHARED_CREDENTIALS_FILE",
                format!(
                    "[default]\naws_access_key_id = AKIAXXXXXXXXXXXXXXXX\naws_secret_access_key = {MARK}\naws_session_token = {MARK}\n"
                ),
            )],
            "UnrecognizedClientException",
        ),
    ] {
        let mut tool = Tool::new(&["plan", "--cluster", "shop", "--region", "eu-west-1", "-vv"])
            .env("AWS_ENDPOINT_URL", world.sandbox.aws_url())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("HOME", &home);
        for (name, text) in &settings {
            tool = tool.env(name, world.write("settings", text));
        }
        let ran = tool.run().expect_code(1);
        ran.expect_error(&[words]);
        expect_unmarked(&ran, &format!("{settings:?}"));
    }
    let by_web_identity = Tool::new(&["plan", "--cluster", "shop", "--region", "eu-west-1", "-vv"])
        .env("AWS_ENDPOINT_URL", world.sandbox.aws_url())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HOME", &home)
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", &token)
        .env("AWS_ROLE_ARN", role("dev"));
    let ran = by_web_identity.run().expect_code(1);
    expect_unmarked(&ran, "the web identity's token");
    let tool = world.tool("plan").arg("-vv").env("AWS_CA_BUNDLE", &bundle);
    let ran = tool.run().expect_code(1);
    ran.expect_error(&["read AWS_CA_BUNDLE"]);
    expect_unmarked(&ran, "the bundle's text");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_hangs_or_does_not_end_is_given_up() {
    let world = world().await;
    for (command, words) in [
        (
            "{command: sleep, args: ['1000']}",
            "it did not end within 0.5 s",
        ),
        (
            "{command: cat, args: [/dev/zero]}",
            "its output is larger than 1 MiB",
        ),
    ] {
        let path = kubeconfig_of(&world, &format!("{{exec: {command}}}"));
        let ran = by(&world, &path)
            .args(&[
                "--request-timeout",
                if words.contains("0.5") {
                    "500ms"
                } else {
                    "20s"
                },
            ])
            .run()
            .expect_code(1);
        ran.expect_error(&["exec plugin", words, "run the plugin by hand"]);
    }
}
