//! Calls in paused time: how they are spaced, slowed down, and told about.

use super::lane::LONGEST_GAP;
use super::*;

#[tokio::test(start_paused = true)]
async fn calls_are_spaced_evenly() {
    let pace = Pace::new(Some(10.0));
    let start = Instant::now();
    for _ in 0..11 {
        pace.turn().await;
    }
    assert_eq!(start.elapsed().as_millis() / 100, 10);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_slows_all_others_down_once() {
    let pace = Pace::new(Some(8.0));
    pace.slow_down(Duration::from_secs(1));
    pace.slow_down(Duration::from_secs(1));
    let start = Instant::now();
    pace.turn().await;
    assert!(start.elapsed() >= Duration::from_secs(1));
    pace.turn().await;
    assert_eq!(
        start.elapsed().as_millis(),
        1135,
        "93 % of 8 calls a second is one every 134.4 ms"
    );
}

#[tokio::test(start_paused = true)]
async fn throttling_never_makes_a_slow_pace_faster() {
    let pace = Pace::new(Some(0.1));
    pace.slow_down(Duration::ZERO);
    pace.went_through();
    pace.turn().await;
    let start = Instant::now();
    pace.turn().await;
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn the_slowest_pace_of_all_still_comes_to_its_next_call() {
    for rate in [1e-30, f64::MIN_POSITIVE] {
        let pace = Pace::new(Some(rate));
        let start = Instant::now();
        pace.turn().await;
        pace.turn().await;
        assert_eq!(start.elapsed(), LONGEST_GAP, "{rate}");
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_throttled_again_at_once_halve_the_pace() {
    let pace = Pace::new(Some(8.0));
    pace.slow_down(Duration::ZERO);
    tokio::time::sleep(Duration::from_secs(1)).await;
    pace.slow_down(Duration::ZERO);
    let start = Instant::now();
    for _ in 0..3 {
        pace.turn().await;
    }
    assert_eq!(
        start.elapsed().as_millis() / 10,
        80,
        "8 * 0.93 * 0.5 a second"
    );
}

#[tokio::test(start_paused = true)]
async fn who_waits_already_heeds_the_time_that_the_service_names() {
    let pace = Pace::new(Some(10.0));
    pace.turn().await;
    let start = Instant::now();
    let waiting = tokio::spawn({
        let pace = pace.clone();
        async move { pace.turn().await }
    });
    tokio::task::yield_now().await;
    pace.slow_down(Duration::from_secs(30));
    waiting.await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn the_pace_comes_back_to_the_limit_that_was_asked_for_and_no_further() {
    let pace = Pace::new(Some(10.0));
    pace.slow_down(Duration::ZERO);
    for _ in 0..200 {
        pace.turn().await;
        pace.went_through();
    }
    let start = Instant::now();
    for _ in 0..10 {
        pace.turn().await;
    }
    assert_eq!(start.elapsed().as_millis() / 100, 10);
}

/// Calls to IAM once waited behind EKS, and were then blamed for it.
#[tokio::test(start_paused = true)]
async fn a_service_that_throttles_holds_up_its_own_calls_only() {
    let eks = Pace::default();
    eks.slow_down(Duration::from_mins(1));
    let start = Instant::now();
    eks.of(Service::Iam).turn().await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    eks.turn().await;
    assert!(start.elapsed() >= Duration::from_mins(1));
}

#[tokio::test(start_paused = true)]
async fn a_limit_holds_for_all_services_together() {
    let eks = Pace::new(Some(10.0));
    let iam = eks.of(Service::Iam);
    let start = Instant::now();
    for _ in 0..10 {
        eks.turn().await;
        iam.turn().await;
    }
    assert_eq!(start.elapsed().as_millis() / 100, 19);
}

/// `plan` once was silent for minutes while EKS throttled it.
#[tokio::test(start_paused = true)]
async fn throttling_is_reported_with_operation_and_duration() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let pace = Pace::default();
    let told_too = Arc::clone(&told);
    pace.watch(move |notice| told_too.lock().unwrap().push(notice.to_owned()));
    pace.slow_down(Duration::from_secs(25));
    assert_eq!(
        pace.throttled("eks:DescribeAccessEntry").lasting,
        Duration::ZERO
    );
    pace.tell_of("eks:DescribeAccessEntry");
    pace.turn_of("eks:ListNodegroups").await;
    let told = told.lock().unwrap();
    assert_eq!(
        *told,
        [
            "waiting 25 s to call eks:DescribeAccessEntry: AWS has been throttling eks:DescribeAccessEntry for 0 s",
            "waiting 15 s to call eks:ListNodegroups: AWS has been throttling eks:DescribeAccessEntry for 10 s",
            "waiting 5 s to call eks:ListNodegroups: AWS has been throttling eks:DescribeAccessEntry for 20 s",
        ]
    );
    assert_eq!(
        pace.throttled("eks:ListNodegroups").lasting,
        Duration::from_secs(25)
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_nobody_waits() {
    let pace = Pace::new(None);
    let start = Instant::now();
    for _ in 0..100 {
        pace.turn().await;
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}
