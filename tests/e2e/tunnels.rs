//! A private endpoint is reached through a tunnel: host and port differ, the certificate proves the cluster.

use aws_auth_migrate::sandbox::Sandbox;
use serde_yaml::Value;
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Ran, World, in_api_mode, role, seed};

const TEXT: &str =
    "- rolearn: arn:aws:iam::111122223333:role/dev\n  username: dev\n  groups: [devs]\n";

async fn world() -> World {
    World::start(in_api_mode(seed(TEXT, &[&role("dev")]))).await
}

fn kubeconfig(sandbox: &Sandbox) -> Value {
    serde_yaml::from_str(&sandbox.kubeconfig()).unwrap()
}

/// Forwards a port of its own to the cluster's endpoint; returns the port.
async fn tunnel(sandbox: &Sandbox) -> u16 {
    let server = kubeconfig(sandbox)["clusters"][0]["cluster"]["server"].clone();
    let server = server.as_str().unwrap().strip_prefix("https://").unwrap();
    let to = server.to_owned();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let to = to.clone();
            tokio::spawn(async move {
                let mut far = TcpStream::connect(to).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    port
}

fn plan(world: &World, kubeconfig: &Value) -> Ran {
    let path = world.write("tunnel", &serde_yaml::to_string(kubeconfig).unwrap());
    let tool = world
        .tool("plan")
        .args(&["--output", "json", "--kubeconfig"]);
    tool.arg(path).run()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clusters_authority_and_server_name_make_a_tunnel_the_cluster() {
    let world = world().await;
    let port = tunnel(&world.sandbox).await;
    let mut config = kubeconfig(&world.sandbox);
    config["clusters"][0]["cluster"]["server"] = format!("https://localhost:{port}").into();
    // Nothing says yet whose certificate is asked for.
    let ran = plan(&world, &config).expect_code(1);
    ran.expect_error(&[
        "is not the cluster `shop`",
        "set `tls-server-name: 127.0.0.1`",
    ]);

    config["clusters"][0]["cluster"]["tls-server-name"] = "elsewhere.example.com".into();
    plan(&world, &config).expect_code(1);

    config["clusters"][0]["cluster"]["tls-server-name"] = "127.0.0.1".into();
    let through = plan(&world, &config).expect_code(0).json();
    assert_eq!(through["source"]["kind"], "cluster");
    assert_eq!(through["summary"]["create"], 1, "{through:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_to_another_clusters_authority_is_refused_and_a_rotation_has_its_hint() {
    let (world, other) = (world().await, world().await);
    let port = tunnel(&other.sandbox).await;
    let foreign =
        kubeconfig(&other.sandbox)["clusters"][0]["cluster"]["certificate-authority-data"].clone();
    // With the authority of the other cluster, through the tunnel and at the endpoint itself.
    let mut config = kubeconfig(&world.sandbox);
    config["clusters"][0]["cluster"]["certificate-authority-data"] = foreign;
    let rotated = [
        "a different certificate authority",
        "aws eks update-kubeconfig --name shop --region eu-west-1",
    ];
    plan(&world, &config).expect_code(1).expect_error(&rotated);
    config["clusters"][0]["cluster"]["server"] = format!("https://127.0.0.1:{port}").into();
    config["clusters"][0]["cluster"]["tls-server-name"] = "127.0.0.1".into();
    plan(&world, &config).expect_code(1).expect_error(&rotated);

    // Without looking at the certificate nothing is proven.
    let mut config = kubeconfig(&world.sandbox);
    let cluster = &mut config["clusters"][0]["cluster"];
    cluster["server"] = format!("https://127.0.0.1:{port}").into();
    cluster["tls-server-name"] = "127.0.0.1".into();
    cluster["insecure-skip-tls-verify"] = true.into();
    let ran = plan(&world, &config).expect_code(1);
    ran.expect_error(&["is not the cluster `shop`"]);
}
