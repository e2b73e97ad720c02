//! Many actions at a limit of so many requests a second, over real HTTP. That the time is near the limit's own is shown
//! where time is the test's own, in `src/writer/pace_tests.rs`; here it is real. The long one takes minutes and is run
//! by name: `cargo test --test e2e -- --ignored pace`.

use std::time::Instant;

use aws_auth_migrate::sandbox::SandboxLimits;

use crate::arc::blocking;
use crate::support::{World, in_api_mode, role, seed};
use crate::tell::tell;

/// Two actions for each of so many administrators; none fails, however often AWS throttles.
async fn administrators(count: usize, limit: u32, max_rate: Option<u32>) {
    let mut text = String::new();
    let mut principals = Vec::new();
    for index in 0..count {
        let name = format!("r{index}");
        text.push_str(&format!(
            "- rolearn: {}\n  username: {name}\n  groups: [system:masters]\n",
            role(&name)
        ));
        principals.push(role(&name));
    }
    let principals: Vec<&str> = principals.iter().map(String::as_str).collect();
    let limits = SandboxLimits {
        requests_per_second: Some(limit),
        ..SandboxLimits::default()
    };
    let world = World::start(in_api_mode(seed(&text, &principals)).with_limits(limits)).await;
    let mut tool = world.apply();
    if let Some(rate) = max_rate {
        tool = tool.args(&["--max-rate", &rate.to_string()]);
    }
    let child = tool.spawn();
    let began = Instant::now();
    let output = blocking(|| child.wait_with_output().unwrap()).await;
    let took = began.elapsed();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let applied: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let results = applied["results"].as_array().unwrap();
    assert_eq!(results.len(), 2 * count);
    assert!(results.iter().all(|result| result["status"] != "failed"));
    let requests = world.sandbox.requests();
    let throttled = requests.iter().filter(|known| known.status == Some(429));
    let throttled = throttled.count();
    if max_rate.is_some() {
        assert_eq!(throttled, 0, "nobody was faster than was asked for");
    }
    let calls = applied["calls"].as_u64().unwrap();
    let least = f64::from(u32::try_from(calls).unwrap()) / f64::from(limit);
    tell(&format!(
        "pace at {limit} requests a second, --max-rate {}: {calls} calls, {throttled} throttled, {:.2} times the limit's own time",
        max_rate.map_or("adaptive".to_owned(), |rate| rate.to_string()),
        took.as_secs_f64() / least
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_given_rate_is_kept_to_by_every_request() {
    administrators(15, 40, Some(40)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_given_rate_throttling_is_no_failure() {
    administrators(15, 40, None).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; prints figures, asserts no clock"]
async fn a_thousand_actions_at_ten_requests_a_second() {
    administrators(500, 10, Some(10)).await;
}
