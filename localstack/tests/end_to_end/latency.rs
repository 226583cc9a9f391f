//! How long it takes from an act until its recipient's open client and their device know of it. It prints, and asserts
//! no time.

use std::time::Duration;

use domain::Clock;
use futures::future::join_all;
use runtime::SystemClock;
use serde_json::json;

use crate::live::Socket;
use crate::pictures::small;
use crate::pushes::{Browser, said};
use crate::world::App;

/// Recipients who are told at the same time, each of one act after the other.
const RECIPIENTS: usize = 4;
/// Acts of which each is told.
const ACTS: usize = 250;

/// When something was known, in seconds since the epoch.
type Moment = f64;

fn now() -> Moment {
    Duration::from_millis(SystemClock.now().0.unsigned_abs()).as_secs_f64()
}

/// Mentions somebody again and again. Each mention is a subject of its own, which is told at once. Returns how long each
/// took to their socket and to the push service.
async fn told(app: &App) -> (Vec<Duration>, Vec<Duration>) {
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    let photo = anna.post_photo("", &[small()]).await;
    let browser = Browser::subscribe(&anna).await;
    browser.register(&anna, "en").await;
    let mut socket = Socket::of(app, &anna).await;
    let (mut began, mut heard) = (Vec::new(), Vec::new());
    for number in 1..=ACTS {
        began.push(now());
        let body = json!({ "text": format!("@{} {number}", anna.username) });
        bert.post(&format!("/photos/{photo}/comments"), &body).await.expect(201);
        socket.hear(&json!({ "inbox": { "unread": number } })).await;
        heard.push(now());
    }
    let mut pushed: Vec<(u64, Moment)> = browser
        .until_pushed(ACTS)
        .await
        .iter()
        .map(|message| (said(message)["unread"].as_u64().unwrap(), message["at"].as_f64().unwrap()))
        .collect();
    pushed.sort_by_key(|(unread, _)| *unread);
    let since = |moments: Vec<Moment>| {
        began.iter().zip(moments).map(|(began, at)| Duration::from_secs_f64((at - began).max(0.0))).collect()
    };
    (since(heard), since(pushed.into_iter().map(|(_, at)| at).collect()))
}

#[expect(clippy::print_stdout, reason = "the figures are for people")]
fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64();
    println!(
        "{what}: {} acts, p50 {:.2} s, p95 {:.2} s, p99 {:.2} s, most {:.2} s",
        times.len(),
        at(50),
        at(95),
        at(99),
        at(100)
    );
}

#[tokio::test]
#[ignore = "a measurement of minutes: --run-ignored only"]
async fn when_somebody_is_mentioned_then_their_client_and_device_should_know() {
    let app = App::new();
    let told = join_all((0..RECIPIENTS).map(|_| told(&app))).await;
    let (sockets, devices): (Vec<_>, Vec<_>) = told.into_iter().unzip();
    print("open socket", sockets.concat());
    print("push service", devices.concat());
}
