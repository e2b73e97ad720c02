//! Somebody else's S3: moto, which knows nothing of this tool, judges that the conditions of writes are S3's own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use aws_auth_migrate::sandbox::Phase;

use crate::apply::is_mutation;
use crate::schemas;
use crate::support::{Said, Tool, World, in_api_mode, judge, role, seed, send, until};

const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/judges/bin/moto_server");
const KEY: &str = "/team-state/shop.jsonl";

/// Moto takes any signature, and only wants that there is one.
const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=moto/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00";

/// A server that ends with the test.
struct Moto {
    server: Child,
    port: u16,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Moto {
    async fn start() -> Option<Self> {
        if !judge("moto (pip)", Command::new(SERVER).arg("--help")) {
            return None;
        }
        let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut command = Command::new(SERVER);
        let server = command
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let moto = Self { server, port };
        until("moto answers", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        })
        .await;
        let made = moto.ask("PUT", "/team-state");
        assert!(made.starts_with("HTTP/1.1 200"), "{made}");
        Some(moto)
    }

    /// The whole answer to a request without a body.
    fn ask(&self, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: {SIGNED}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            self.port
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn journal(&self) -> String {
        let answer = self.ask("GET", KEY);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        schemas::check_journal(body);
        body.to_owned()
    }

    fn apply(&self, world: &World, machine: &str) -> Tool {
        let url = format!("http://127.0.0.1:{}", self.port);
        world
            .apply()
            .env("AWS_ENDPOINT_URL_S3", url)
            .env("XDG_STATE_HOME", world.path(machine))
            .args(&[
                "--journal",
                "s3://team-state/shop.jsonl",
                "--concurrency",
                "1",
            ])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_slept_is_kept_out_by_the_conditions_of_s3_itself() {
    let Some(moto) = Moto::start().await else {
        return;
    };
    let names = ["a", "b", "c"];
    let text: String = names
        .iter()
        .map(|name| {
            format!(
                "- rolearn: {}\n  username: {name}\n  groups: [developers]\n",
                role(name)
            )
        })
        .collect();
    let roles = names.map(role);
    let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
    let world = Arc::new(World::start(in_api_mode(seed(&text, &roles))).await);
    let moto = Arc::new(moto);

    let mut asleep = moto.apply(&world, "a").spawn();
    let pid = asleep.id().to_string();
    let falls = std::sync::atomic::AtomicBool::new(true);
    world.sandbox.on_request(move |phase, request| {
        let is_call = phase == Phase::After && is_mutation(&request.operation);
        if is_call && falls.swap(false, std::sync::atomic::Ordering::SeqCst) {
            let mut stop = Command::new("kill");
            assert!(stop.args(["-STOP", &pid]).status().unwrap().success());
        }
    });
    let calls = |world: &World| {
        let requests = world.sandbox.requests();
        let calls = requests
            .iter()
            .filter(|request| is_mutation(&request.operation) && request.status.is_some());
        calls.count()
    };
    until("the first call was made", || calls(&world) == 1).await;

    let (other, server) = (Arc::clone(&world), Arc::clone(&moto));
    tokio::task::spawn_blocking(move || {
        let held = server.apply(&other, "b").args(&["--timeout", "0s"]).run();
        held.expect_code(1)
            .expect_error(&["another run holds the journal"]);
        // The time that a lease holds is not waited for.
        let gone = server.ask("DELETE", &format!("{KEY}.lock"));
        assert!(gone.starts_with("HTTP/1.1 204"), "{gone}");
        server.apply(&other, "b").run().expect_code(0);
    })
    .await
    .unwrap();
    let (journal, before) = (moto.journal(), calls(&world));
    assert_eq!(before, 3);

    send(&asleep, "-CONT");
    let said = Said::by(&mut asleep).all();
    assert_eq!(asleep.wait().unwrap().code(), Some(4), "{said}");
    assert!(said.contains("another run took the journal"), "{said}");
    assert_eq!(calls(&world), before);
    assert_eq!(moto.journal(), journal);
}
