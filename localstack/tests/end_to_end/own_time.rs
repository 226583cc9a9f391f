//! How much of a feed request is the function's own time, for readers who follow thousands. It prints, and
//! asserts no time.
//!
//! The own time is the processor time of the function's processes. They do one request at a time, and wait
//! for the table otherwise. It leaves follows that nothing counts: no other test can run after it on its cloud.

use std::time::{Duration, Instant};

use domain::cursor::List;
use domain::{Clock, PhotoId};
use dynoxide::Database;
use runtime::SystemClock;
use serde_json::Value;
use testkit::Followees;

use crate::world::{App, Person};

const FOLLOWEES: u32 = 3_500;
/// Photos that are there to be shown.
const SHOWN: usize = 1_100;
/// Times that a page is asked for, to make up for ticks of 10 ms.
const TIMES: u32 = 10;
/// A tick of `/proc/<pid>/stat`.
const TICK: Duration = Duration::from_millis(10);

/// Returns the processor time that the processes of `feed-read` in this cloud have used so far.
fn own_time(app: &App) -> Duration {
    let programs = app.cloud.state.join("functions/feed-read");
    let folders = std::fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    let ours = folders.filter(|process| {
        std::fs::read_link(process.join("exe")).is_ok_and(|program| program.starts_with(&programs))
    });
    let ticks: Vec<u32> = ours
        .filter_map(|process| {
            let stat = std::fs::read_to_string(process.join("stat")).ok()?;
            // The name in parentheses may have spaces. User and system time are the 14th and the 15th.
            let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
            Some(fields[11].parse::<u32>().unwrap() + fields[12].parse::<u32>().unwrap())
        })
        .collect();
    assert!(!ticks.is_empty(), "no process of feed-read is running");
    TICK * ticks.iter().sum::<u32>()
}

/// Stores items past the stream, so that nothing is derived from them.
fn store(app: &App, items: Vec<serde_dynamo::Item>) {
    let database = Database::new(app.cloud.state.join("table.sqlite").to_str().unwrap()).unwrap();
    testkit::import(&database, app.cloud.output("TableName"), items);
}

/// Asks for a page a number of times; prints the times of one and returns it.
#[expect(clippy::print_stdout, reason = "the figures are for people")]
async fn page(reader: &Person<'_>, what: &str, cursor: Option<&str>, times: u32) -> Value {
    let path = cursor.map_or_else(|| "/feed".to_owned(), |cursor| format!("/feed?cursor={cursor}"));
    let (began, before) = (Instant::now(), own_time(reader.app));
    let mut page = Value::Null;
    for _ in 0..times {
        page = reader.get(&path).await.expect(200);
    }
    let (all, own) = (began.elapsed(), own_time(reader.app).saturating_sub(before));
    let photos = page["photos"].as_array().unwrap().len();
    println!("| {what} | {photos} | {} ms | {} ms |", (all / times).as_millis(), (own / times).as_millis());
    page
}

async fn measure(app: &App, kind: &str, followees: &Followees, celebrities: bool) {
    let reader = app.register("reader").await;
    store(app, followees.items(reader.id, SHOWN, celebrities));
    let truth = followees.photos();
    let first = page(&reader, &format!("{kind}: return"), None, 1).await;
    let next = first["next_cursor"].as_str().unwrap();
    page(&reader, &format!("{kind}: the next page before the snapshot"), Some(next), 1).await;
    app.behind.until_handled("backfill").await;
    let first = page(&reader, &format!("{kind}: first page"), None, TIMES).await;
    let shown = first["photos"].as_array().unwrap();
    assert_eq!(shown[0]["photo_id"], truth[0].to_string());
    let deep: &PhotoId = truth.get(SHOWN - 100).filter(|_| kind != "quiet").unwrap_or(&truth[150]);
    let deep = List::Feed.cursor(deep);
    page(&reader, &format!("{kind}: deep page"), Some(&deep), TIMES).await;
}

#[tokio::test]
#[ignore = "a measurement: make cloud-test CMD='cargo nextest run -p localstack --run-ignored only --no-capture own_time'"]
async fn pages_of_readers_who_follow_thousands_take_this_long() {
    let app = App::new();
    let now = SystemClock.now();
    // The process is warm.
    app.register("warm").await.feed().await;
    println!("| page | photos | in all | own |\n|---|---|---|---|");
    measure(&app, "quiet", &Followees::quiet(FOLLOWEES, now), false).await;
    measure(&app, "busy", &Followees::busy(FOLLOWEES, now), false).await;
    measure(&app, "celebrities", &Followees::busy(FOLLOWEES, now), true).await;
}
