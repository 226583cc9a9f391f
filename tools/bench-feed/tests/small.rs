//! A small run of the bench: budgets, and what costs depend on.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may")]

use bench_feed::graph::Shape;
use bench_feed::ladder::{Rung, SHARES, per_active, per_inactive};
use bench_feed::mix::Use;
use bench_feed::population::Habits;
use bench_feed::report::Report;
use bench_feed::{Plan, run};

const FOLLOWINGS: [usize; 4] = [10, 100, 1_000, 3_000];

fn measured() -> Report {
    let plan = Plan {
        shape: Shape { users: 500, celebrity: 250, following: 15.0, ..Shape::default() },
        habits: Habits { posting: 0.8, ..Habits::default() },
        threshold: 90,
        usage: Use { requests: 300, celebrity_every: 6, ..Use::default() },
        followings: FOLLOWINGS.to_vec(),
        followees: vec![1, 10, 100, 1_000],
    };
    run(&plan).unwrap()
}

fn rungs_of(report: &Report, share: usize) -> &[Rung] {
    report.rungs.chunks(FOLLOWINGS.len()).nth(share).unwrap()
}

/// All checks share one run, because the run takes long.
#[test]
fn the_feed_keeps_its_budgets() {
    let report = measured();
    pages(&report);
    posts(&report);
    fan_out(&report);
    println!("{report}");
}

fn pages(report: &Report) {
    let feeds = &report.mix.feeds;
    assert!(feeds.reads.len() > 50, "{} full pages", feeds.reads.len());
    assert!(feeds.reads.max() <= 15.5, "a full page for {} RRU", feeds.reads.max());
    assert!(feeds.writes.max() <= 1.0, "only the day of the last visit is written");
    // Photos, entries, marks and whom the reader follows are 15.5; the rest is the heads of those whom the reader follows.
    assert!(report.mix.short_feeds.reads.max() <= 15.5 + 0.6 * 250.0);
    assert!(report.mix.timelines.reads.max() <= 14.0);
    let [slow, .., fast] = report.rates.as_slice() else { panic!("rates") };
    assert!(fast.hit_rate() > 0.9, "{} of the heads were at hand", fast.hit_rate());
    assert!(slow.hit_rate() < fast.hit_rate() && slow.reads.mean() > fast.reads.mean());

    let first = &report.readings[0];
    for reading in &report.readings {
        let (cold, warm) = (&reading.cold.spent, &reading.warm.spent);
        assert_eq!(reading.cold.photos.len(), 20);
        assert!(cold.reads <= 15.5 && cold.calls <= 6, "{} RRU in {} calls", cold.reads, cold.calls);
        assert!(warm.reads <= 4.5, "{} RRU with photos in the process", warm.reads);
        let same = (cold.reads - first.cold.spent.reads).abs() < 0.01;
        assert!(same, "{} followees: {} RRU, not {}", reading.followees, cold.reads, first.cold.spent.reads);
    }
}

fn posts(report: &Report) {
    for posts in [&report.mix.posts, &report.mix.celebrity_posts] {
        assert!(posts.writes.len() >= 5);
        assert!(posts.created.max() <= 8.0);
        assert!(posts.derived.max() <= 6.0);
        let share = 100 * posts.skipped / (posts.skipped + posts.entries);
        assert!((40..75).contains(&share), "{share} % of the pushes saved, with 40 % of the people active");
    }
}

fn fan_out(report: &Report) {
    assert_eq!(report.rungs.len(), SHARES.len() * FOLLOWINGS.len());
    for rung in &report.rungs {
        // One write for each active follower, and one for the workflow's mark.
        let writes = figures::float(rung.active + usize::from(rung.celebrity));
        assert!((rung.spent.writes - writes).abs() < 0.01, "{rung:?}");
        assert_eq!(rung.celebrity, rung.followers > 90);
    }
    let (active, inactive) = (per_active(&report.rungs), per_inactive(&report.rungs));
    assert!(active.reads.slope <= 0.6 && active.reads.fit > 0.999, "{}", active.reads);
    assert!(inactive.reads.slope <= 0.6 && inactive.reads.fit > 0.999, "{}", inactive.reads);
    assert!((active.writes.slope - 1.0).abs() < 0.01, "{}", active.writes);
    assert!(inactive.writes.slope.abs() < 0.01, "{}", inactive.writes);
    for share in 0..SHARES.len() {
        // A page of followers is a thousand. Beyond that, memory does not grow, except for concurrent work.
        let [.., thousand, more] = rungs_of(report, share) else { panic!("rungs") };
        let (thousand, more) = (thousand.spent.memory, more.spent.memory);
        assert!(more < 2 * thousand, "{more} bytes for three times the followers of {thousand}");
    }
}
