//! Rate limit, retries and lock-out, against servers that are simulated in paused time.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use servanda::settings::Pace;
use tokio::time::Instant;

use super::{REJECTION_LIMIT, RetryPolicy, SendWindow, Transport};
use crate::http::client::{HttpError, HttpExchange, HttpSender, JsonResponse, RefusedLogin, Request};

/// A server that answers from a list, and then always with success.
#[derive(Default)]
struct Scripted {
    answers: Mutex<VecDeque<HttpExchange>>,
    requests: Mutex<Vec<Instant>>,
}

impl HttpSender for Scripted {
    async fn send_once(&self, _: &Request<'_>) -> HttpExchange {
        self.requests.lock().expect("no test panics here").push(Instant::now());
        let scripted = self.answers.lock().expect("no test panics here").pop_front();
        scripted.unwrap_or_else(success)
    }
}

/// A server with a latency that refuses requests above its rate.
struct Ideal {
    per_second: usize,
    latency: Duration,
    sends_retry_after: bool,
    arrivals: Mutex<Vec<(Instant, bool)>>,
}

impl HttpSender for Ideal {
    async fn send_once(&self, _: &Request<'_>) -> HttpExchange {
        let now = Instant::now();
        let is_taken = {
            let mut arrivals = self.arrivals.lock().expect("no test panics here");
            let recent = arrivals.iter().filter(|(at, taken)| *taken && now - *at < Duration::from_secs(1));
            let is_taken = recent.count() < self.per_second;
            arrivals.push((now, is_taken));
            is_taken
        };
        tokio::time::sleep(self.latency).await;
        if is_taken {
            success()
        } else {
            refused(429, self.sends_retry_after.then_some(Duration::from_secs(1)))
        }
    }
}

fn success() -> HttpExchange {
    HttpExchange {
        result: Ok(JsonResponse { status: 200, body: json!([]) }),
        retry_after: None,
        server_date: None,
    }
}

fn refused(status: u16, wait: Option<Duration>) -> HttpExchange {
    HttpExchange {
        result: Err(HttpError::Refused { status, text: String::new() }),
        retry_after: wait,
        server_date: None,
    }
}

fn failed(error: HttpError) -> HttpExchange {
    HttpExchange { result: Err(error), retry_after: None, server_date: None }
}

fn scripted(answers: impl IntoIterator<Item = HttpExchange>) -> Transport<Scripted> {
    let sender = Scripted { answers: Mutex::new(answers.into_iter().collect()), ..Scripted::default() };
    Transport::over(sender, &Pace::SANDBOX)
}

/// An answer, and how often a read and a write that get it are sent.
type Row = (fn() -> HttpExchange, u64, u64);

async fn ask<W: HttpSender>(transport: &Transport<W>, class: RetryPolicy) -> Result<JsonResponse, HttpError> {
    transport.post("find/agreement", &[], &Value::Null, class).await
}

#[tokio::test(start_paused = true)]
async fn the_rate_limit_is_used_and_never_exceeded() {
    for (rate, latency, sends_retry_after) in [(5, 50, true), (5, 600, false), (1, 10, true), (50, 20, false)]
    {
        let sender = Ideal {
            per_second: rate,
            latency: Duration::from_millis(latency),
            sends_retry_after,
            arrivals: Mutex::default(),
        };
        let per_second = u32::try_from(rate).ok();
        let transport = Transport::over(sender, &Pace { per_second, ..Pace::default() });
        let count = rate * 40;
        let begun = Instant::now();
        let asked = (0..count).map(|_| ask(&transport, RetryPolicy::Read));
        for answer in futures_util::future::join_all(asked).await {
            answer.expect("each is answered in the end");
        }
        let seconds = begun.elapsed().as_secs_f64();
        let used = f64::from(u32::try_from(count).expect("a few")) / seconds;
        let allowed = f64::from(u32::try_from(rate).expect("a few"));
        assert!(used >= 0.83 * allowed, "{used} of {allowed} requests a second");
        let arrivals = transport.sender.arrivals.lock().expect("no test panics here");
        for (from, _) in arrivals.iter() {
            let in_window =
                arrivals.iter().filter(|(at, _)| *at >= *from && *at - *from < Duration::from_secs(1));
            assert!(in_window.count() <= rate, "more than {rate} in a second");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_is_respected() {
    let transport = scripted([refused(429, Some(Duration::from_secs(7)))]);
    let begun = Instant::now();
    ask(&transport, RetryPolicy::Read).await.expect("answered at the second try");
    assert_eq!(begun.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_of_zero_falls_back_to_the_backoff() {
    let transport = scripted([refused(429, Some(Duration::ZERO)), refused(429, None)]);
    ask(&transport, RetryPolicy::Read).await.expect("answered at the third try");
    assert_eq!(transport.requests(), 3);
}

#[tokio::test(start_paused = true)]
async fn reads_are_retried_and_writes_only_where_they_had_no_effect() {
    let lost = || HttpError::Lost(String::new());
    let table: [Row; 12] = [
        (|| refused(429, None), 4, 1),
        (|| refused(425, None), 4, 1),
        (|| refused(408, None), 4, 1),
        (|| refused(503, Some(Duration::from_secs(1))), 4, 1),
        (|| refused(302, None), 1, 1),
        (|| refused(503, None), 4, 1),
        (|| refused(502, None), 4, 1),
        (|| refused(500, None), 4, 1),
        (|| refused(400, None), 1, 1),
        (|| refused(404, None), 1, 1),
        (|| failed(HttpError::NotSent(String::new())), 4, 4),
        (|| failed(HttpError::NotJson(String::new())), 4, 1),
    ];
    for (answer, reads, writes) in table {
        for (class, tries) in [(RetryPolicy::Read, reads), (RetryPolicy::Write, writes)] {
            let transport = scripted((0..9).map(|_| answer()));
            ask(&transport, class).await.expect_err("it always fails");
            assert_eq!(transport.requests(), tries, "{class:?} {:?}", answer().result);
        }
    }
    let transport = scripted([failed(lost()), failed(lost())]);
    ask(&transport, RetryPolicy::Read).await.expect("answered at the third try");
    let transport = scripted([failed(lost())]);
    assert_eq!(ask(&transport, RetryPolicy::Write).await, Err(lost()));
}

#[tokio::test(start_paused = true)]
async fn a_write_leaves_only_while_its_view_is_recent_and_its_lease_lasts() {
    let start = servanda::calendar::read_instant("2026-09-01T09:00:00Z").expect("an instant");
    let at = |seconds: i64| start.checked_add(jiff::SignedDuration::from_secs(seconds)).expect("an instant");
    // The wall clock at the send, and the end of the lease, in seconds after the view.
    for (now, lease, leaves) in [
        (0, None, true),
        (180, None, true),
        (181, None, false),
        (900, None, false),
        (-60, None, true),
        (-181, None, false),
        (60, Some(61), true),
        (60, Some(60), false),
        (60, Some(900), true),
    ] {
        let transport = scripted([]);
        let clock = || at(now);
        let has_left = AtomicBool::new(false);
        let window = SendWindow { seen: start, lease_end: lease.map(at), clock: &clock, has_left: &has_left };
        let sent = transport.post_within("create-m2m/agreement", &[], &Value::Null, Some(window)).await;
        assert_eq!((sent.is_ok(), transport.requests()), (leaves, u64::from(leaves)), "{now} {lease:?}");
        assert!(leaves || matches!(sent, Err(HttpError::TooLate(_))), "{sent:?}");
    }
}

/// A server to which the connection takes a moment, during which the wall clock goes on.
struct Connecting<'c> {
    second: &'c AtomicI64,
    sleep: i64,
    left: AtomicBool,
}

impl HttpSender for Connecting<'_> {
    async fn send_once(&self, _: &Request<'_>) -> HttpExchange {
        self.second.fetch_add(self.sleep, Ordering::Relaxed);
        tokio::task::yield_now().await;
        self.left.store(true, Ordering::Relaxed);
        success()
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_slept_while_its_connection_was_made_does_not_leave() {
    let start = servanda::calendar::read_instant("2026-09-01T09:00:00Z").expect("an instant");
    for (sleep, leaves) in [(0, true), (60, true), (900, false)] {
        let second = AtomicI64::new(start.as_second());
        let clock =
            || servanda::calendar::Instant::from_second(second.load(Ordering::Relaxed)).expect("an instant");
        let sender = Connecting { second: &second, sleep, left: AtomicBool::new(false) };
        let transport = Transport::over(sender, &Pace::SANDBOX);
        let has_left = AtomicBool::new(false);
        let window = SendWindow { seen: start, lease_end: None, clock: &clock, has_left: &has_left };
        let sent = transport.post_within("create-m2m/agreement", &[], &Value::Null, Some(window)).await;
        assert_eq!(
            (sent.is_ok(), transport.sender.left.load(Ordering::Relaxed)),
            (leaves, leaves),
            "{sleep}"
        );
        assert!(leaves || matches!(sent, Err(HttpError::Lost(_))), "{sent:?}");
    }
}

/// A server that answers when it is asked to, and may be out of reach.
struct Slow {
    is_reachable: bool,
}

impl HttpSender for Slow {
    async fn send_once(&self, _: &Request<'_>) -> HttpExchange {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if self.is_reachable { success() } else { failed(HttpError::NotSent("refused".to_owned())) }
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_no_longer_waited_for_may_have_left_only_while_it_is_sent() {
    // Whether it may have left, so long after the beginning, in milliseconds.
    for (is_reachable, after, may_have_left) in
        [(true, 0, true), (true, 900, true), (false, 900, true), (false, 1000, false)]
    {
        let transport = Transport::over(Slow { is_reachable }, &Pace::SANDBOX);
        let clock = crate::process::context::clock;
        let has_left = AtomicBool::new(false);
        let window = SendWindow { seen: clock(), lease_end: None, clock: &clock, has_left: &has_left };
        let given_up = Duration::from_millis(after);
        let sent = transport.post_within("create-m2m/agreement", &[], &Value::Null, Some(window));
        assert!(tokio::time::timeout(given_up, sent).await.is_err(), "it is still under way");
        assert_eq!(has_left.load(Ordering::Relaxed), may_have_left, "{is_reachable} {after}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_write_is_judged_after_its_wait() {
    // The server pauses all requests for a minute, and the clock goes on by ten during that wait.
    let transport = scripted([refused(429, Some(Duration::from_mins(1)))]);
    ask(&transport, RetryPolicy::Write).await.expect_err("refused");
    let begun = Instant::now();
    let start = servanda::calendar::read_instant("2026-09-01T09:00:00Z").expect("an instant");
    let clock = || {
        let passed = i64::try_from(begun.elapsed().as_secs()).expect("a minute") * 10;
        start.checked_add(jiff::SignedDuration::from_secs(passed)).expect("an instant")
    };
    let has_left = AtomicBool::new(false);
    let window = SendWindow { seen: start, lease_end: None, clock: &clock, has_left: &has_left };
    let sent = transport.post_within("create-m2m/agreement", &[], &Value::Null, Some(window)).await;
    assert!(matches!(sent, Err(HttpError::TooLate(_))), "{sent:?}");
    assert_eq!(transport.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn retries_add_at_most_a_tenth_of_requests() {
    let answer = |number: u32| if number.is_multiple_of(3) { refused(503, None) } else { success() };
    let transport = scripted((0..2000).map(answer));
    let mut failures = 0;
    for _ in 0..1000 {
        failures += u32::from(ask(&transport, RetryPolicy::Read).await.is_err());
    }
    assert!(transport.requests() <= 1100, "{} requests for 1000", transport.requests());
    assert!(failures > 0, "a request without a retry fails");
}

#[tokio::test(start_paused = true)]
async fn a_rejected_key_is_sent_at_most_three_times() {
    let no = || failed(HttpError::Credentials(RefusedLogin::key("no".to_owned())));
    let transport = scripted((0..9).map(|_| no()));
    for _ in 0..9 {
        assert!(matches!(ask(&transport, RetryPolicy::Read).await, Err(HttpError::Credentials(_))));
    }
    assert_eq!(transport.requests(), u64::from(REJECTION_LIMIT));
    assert!(transport.is_locked_out());
}

#[tokio::test(start_paused = true)]
async fn until_a_key_is_accepted_requests_are_sent_one_by_one() {
    let sender = Ideal {
        per_second: 1000,
        latency: Duration::from_secs(1),
        sends_retry_after: false,
        arrivals: Mutex::default(),
    };
    let transport = Transport::over(sender, &Pace::SANDBOX);
    let begun = Instant::now();
    futures_util::future::join_all((0..9).map(|_| ask(&transport, RetryPolicy::Read))).await;
    let arrivals = transport.sender.arrivals.lock().expect("no test panics here");
    let seconds: Vec<u64> = arrivals.iter().map(|(at, _)| (*at - begun).as_secs()).collect();
    assert_eq!(seconds, [0, 1, 1, 1, 1, 1, 1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_lost_after_its_deadline() {
    struct Silent;
    impl HttpSender for Silent {
        async fn send_once(&self, _: &Request<'_>) -> HttpExchange {
            std::future::pending().await
        }
    }
    let pace = Pace { deadline: Duration::from_secs(30), ..Pace::SANDBOX };
    let transport = Transport::over(Silent, &pace);
    let begun = Instant::now();
    assert!(matches!(ask(&transport, RetryPolicy::Write).await, Err(HttpError::Lost(_))));
    assert_eq!(begun.elapsed().as_secs(), 30);
}
