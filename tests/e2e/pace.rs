//! A thousand actions at a limit of ten requests a second; takes minutes, so it is run by name:
//! `cargo test --test e2e -- --ignored pace`.

use std::time::{Duration, Instant};

use aws_auth_migrate::sandbox::Limits;

use crate::support::{World, in_api_mode, role, seed};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; prints figures, asserts no clock"]
async fn a_thousand_actions_at_ten_requests_a_second() {
    let mut text = String::new();
    let mut principals = Vec::new();
    for index in 0..500 {
        let name = format!("r{index}");
        text.push_str(&format!(
            "- rolearn: {}\n  username: {name}\n  groups: [system:masters]\n",
            role(&name)
        ));
        principals.push(role(&name));
    }
    let principals: Vec<&str> = principals.iter().map(String::as_str).collect();
    let limits = Limits {
        requests_per_second: Some(10),
        ..Limits::default()
    };
    let world = World::start(in_api_mode(seed(&text, &principals)).with_limits(limits)).await;
    let began = Instant::now();
    let child = world.apply().args(&["--max-rate", "10"]).spawn();
    let output = child.wait_with_output().unwrap();
    let took = began.elapsed();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let applied: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let results = applied["results"].as_array().unwrap();
    assert_eq!(results.len(), 1000);
    assert!(results.iter().all(|result| result["status"] != "failed"));
    let calls = applied["calls"].as_u64().unwrap();
    let least = Duration::from_secs(calls / 10);
    crate::tell::tell(&format!(
        "pace: {calls} calls ({} repeated) in {took:.1?}, the limit's own time is {least:.1?}, ratio {:.2}",
        applied["retries"],
        took.as_secs_f64() / least.as_secs_f64()
    ));
}
