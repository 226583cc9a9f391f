//! The model's invariants, and known worlds with known costs.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may")]

use cost::units::{PACKED, RETURN};
use cost::{Delivery, Model, NEVER, Purge, Strategy, THRESHOLDS, World};
use proptest::prelude::*;

fn model(world: World) -> Model {
    Model::new(world).unwrap()
}

fn textbook() -> Model {
    model(World::TEXTBOOK)
}

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-6 * expected.abs()
}

fn same(found: Delivery, expected: Delivery) -> bool {
    near(found.writes, expected.writes)
        && near(found.reads, expected.reads)
        && near(found.entries, expected.entries)
        && near(found.transitions, expected.transitions)
}

prop_compose! {
    fn worlds()(
        dau in 1e5..1e9_f64,
        monthly in 1.5..4.0_f64,
        weekly in 0.7..1.0_f64,
        unused in 1.0..4.0_f64,
        posts in 0.01..2.0_f64,
        pages in 0.5..40.0_f64,
        followers in 5.0..300.0_f64,
        tail in 1.1..2.5_f64,
        growth in 0.0..0.6_f64,
        likes in 0.1..50.0_f64,
        years in 0.1..20.0_f64,
    ) -> World {
        let (mau, accounts) = (Some(dau * monthly), Some(dau * monthly * unused));
        World { dau, mau, weekly, accounts, posts, pages, followers, tail, growth, likes, years, ..World::TEXTBOOK }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_bill_is_the_sum_of_its_lines_and_only_feed_lines_differ(world in worlds(), threshold in 100.0..1e8_f64) {
        let model = model(world);
        let bills = Strategy::ALL.map(|strategy| model.bill(strategy, threshold));
        for bill in &bills {
            prop_assert!(bill.lines.iter().all(|line| line.dollars >= 0.0 && line.dollars.is_finite()));
            let other: f64 = bill.lines.iter().filter(|line| !line.feed).map(|line| line.dollars).sum();
            prop_assert!(near(bill.feed() + other, bill.total()));
            for (line, first) in bill.lines.iter().zip(&bills[0].lines) {
                prop_assert_eq!(line.what, first.what);
                prop_assert!(line.feed || near(line.dollars, first.dollars));
            }
        }
    }

    #[test]
    fn without_celebrities_the_hybrid_pushes_all(world in worlds()) {
        let model = model(world);
        let day = |strategy| model.delivery(strategy, NEVER);
        prop_assert_eq!(day(Strategy::Hybrid), day(Strategy::PushAll));
        prop_assert_eq!(day(Strategy::Built), day(Strategy::BuiltPull));
    }

    #[test]
    fn with_nobody_but_celebrities_the_hybrid_pulls_all(world in worlds()) {
        let model = model(world);
        prop_assert!(same(model.delivery(Strategy::Hybrid, 0.0), model.delivery(Strategy::PullAll, 0.0)));
    }

    #[test]
    fn a_cache_never_adds_reads_and_without_one_nothing_is_saved(world in worlds(), threshold in 100.0..1e7_f64) {
        let cached = |instances| model(World { instances: Some(instances), ..world.clone() }).cached_pulls(threshold);
        let all = model(world.clone()).pulls(threshold);
        prop_assert!(cached(1.0) <= cached(1e3) && cached(1e3) <= cached(1e6) && cached(1e6) <= all);
        // With so many processes, no process is ever asked twice.
        prop_assert!(near(cached(1e15), all));
    }

    #[test]
    fn a_higher_threshold_never_costs_more_as_built(world in worlds()) {
        let model = model(world);
        let feeds = THRESHOLDS.map(|threshold| model.bill(Strategy::Built, threshold).feed());
        prop_assert!(feeds.is_sorted_by(|lower, higher| higher <= lower), "{:?}", feeds);
        let pulled = THRESHOLDS.map(|threshold| model.bill(Strategy::BuiltPull, threshold).feed());
        prop_assert!(pulled.iter().zip(&feeds).all(|(pulled, pushed)| *pulled <= pushed * (1.0 + 1e-9)));
    }

    #[test]
    fn the_cheapest_threshold_is_no_dearer_than_any_tried(world in worlds()) {
        let model = model(world);
        let most = model.world().largest_following();
        for strategy in [Strategy::Hybrid, Strategy::Built, Strategy::BuiltPull] {
            let (at, least) = model.cheapest(strategy);
            prop_assert!(near(model.bill(strategy, at).feed(), least));
            let tried = [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, NEVER].into_iter();
            for threshold in tried.filter(|threshold| *threshold <= most || threshold.is_infinite()) {
                prop_assert!(least <= model.bill(strategy, threshold).feed() * (1.0 + 1e-9));
            }
        }
    }

    #[test]
    fn more_of_anything_is_never_cheaper(world in worlds(), factor in 1.0..5.0_f64) {
        let total = |world: World| {
            let model = model(world);
            Strategy::ALL.map(|strategy| model.bill(strategy, 1e5).total())
        };
        let before = total(world.clone());
        let scaled = |number: Option<f64>| number.map(|number| number * factor);
        let (mau, accounts) = (scaled(world.mau), scaled(world.accounts));
        let more = [
            World { dau: world.dau * factor, mau, accounts, ..world.clone() },
            World { likes: world.likes * factor, ..world.clone() },
            World { posts: world.posts * factor, ..world.clone() },
            World { pages: world.pages * factor, ..world.clone() },
            World { follows: world.follows * factor, ..world.clone() },
            World { tokens: world.tokens * factor, ..world.clone() },
            World { media: world.media * factor, ..world.clone() },
            World { years: world.years * factor, ..world.clone() },
            World { large_kb: world.large_kb * factor, ..world.clone() },
        ];
        for more in more {
            for (before, after) in before.iter().zip(total(more)) {
                prop_assert!(after >= before * (1.0 - 1e-9));
            }
        }
    }

    #[test]
    fn people_who_never_leave_cost_the_same_as_push_all(world in worlds()) {
        let model = model(World { weekly: 1.0, accounts: None, ..world });
        let (built, all) = (model.delivery(Strategy::Built, NEVER), model.delivery(Strategy::PushAll, NEVER));
        prop_assert!(near(built.entries, all.entries));
        // A visit a day and a snapshot every two weeks are the only other writes.
        let snapshots = built.snapshots * RETURN.writes + built.packed * PACKED.writes;
        prop_assert!(near(built.writes, all.writes + model.world().dau + snapshots));
    }

    #[test]
    fn twice_the_posts_are_twice_the_pushes(world in worlds()) {
        let entries = |world: World| model(world).delivery(Strategy::PushAll, NEVER).entries;
        let twice = World { posts: world.posts * 2.0, ..world.clone() };
        prop_assert!(near(entries(twice), 2.0 * entries(world)));
    }

    #[test]
    fn waiting_grows_with_followers_alone(world in worlds(), followers in 1.0..1e8_f64) {
        let model = model(world);
        let active = model.world().active();
        prop_assert!(near(model.seconds(2.0 * followers, active), 2.0 * model.seconds(followers, active)));
        prop_assert!(model.seconds(followers, active) <= model.seconds(followers, 1.0));
        // Inactive followers are examined too.
        prop_assert!(model.seconds(followers, 0.0) > 0.0);
        prop_assert!(near(model.seconds(model.fast_enough(active), active), 3.0));
    }
}

#[test]
fn with_even_posting_every_feed_gets_its_followees_posts() {
    let model = model(World { growth: 0.0, ..World::TEXTBOOK });
    // 100 million posts, 150 followers each.
    assert!(near(model.delivery(Strategy::PushAll, NEVER).entries, 15e9));
    // 150 heads on each of 5 G pages.
    assert!(near(model.pulls(0.0), 750e9));
}

/// A follower who opens ten pages every other day pulls five heads a day, 2.5 read units.
/// That costs as much as half a write.
#[test]
fn an_account_is_cheaper_pulled_from_half_a_post_a_day_on() {
    let world = World { growth: 0.0, posts: 1.0, ..World::TEXTBOOK };
    let model = model(world);
    // With half a post a day for each account, pushing all and pulling all break even,
    // except for listing edges.
    let push = model.delivery(Strategy::PushAll, NEVER);
    let heads = model.pulls(0.0) * 0.5 * 0.125;
    assert!((push.writes * 0.625 / heads - 1.0).abs() < 1e-6, "{} {heads}", push.writes * 0.625);
}

#[test]
fn the_deployed_threshold_is_pushed_before_a_cached_head_is_out_of_date() {
    let model = textbook();
    assert!(near(model.fast_enough(1.0), 120_000.0));
    assert!(near(model.seconds(model.world().threshold, 1.0), 2.5));
    assert!(near(model.seconds(model.world().threshold, model.world().active()), 1.75));
}

/// ADR 0014 rests on this.
#[test]
fn the_deployed_threshold_is_within_a_percent_of_the_cheapest() {
    let textbook = World::TEXTBOOK;
    for world in [
        World { growth: 0.0, ..textbook.clone() },
        World { growth: 0.4, ..textbook.clone() },
        World { tail: 1.2, ..textbook.clone() },
        World { pages: 2.0, ..textbook.clone() },
        World { pages: 30.0, ..textbook.clone() },
        World { accounts: Some(3e9), ..textbook.clone() },
        textbook,
    ] {
        let model = model(world);
        for strategy in [Strategy::Built, Strategy::BuiltPull] {
            let bill = model.bill(strategy, model.world().threshold);
            let above = (bill.feed() - model.cheapest(strategy).1) / bill.total();
            assert!((0.0..0.01).contains(&above), "{strategy:?} {above} {:?}", model.world());
        }
    }
}

#[test]
fn the_threshold_hardly_moves_the_bill() {
    let model = textbook();
    let total = model.bill(Strategy::Built, 1e5).total();
    for strategy in [Strategy::Built, Strategy::BuiltPull] {
        let (least, most) = model.range(strategy, 3e4, 1e7);
        assert!((most - least) / total < 0.01, "{strategy:?} {}", (most - least) / total);
    }
    let (least, most) = model.range(Strategy::BuiltPull, 3e4, 1e7);
    assert!(most / least < 1.1, "{}", most / least);
}

#[test]
fn a_shorter_life_at_the_edge_asks_s3_more_often_and_never_more_than_there_are_views() {
    let model = textbook();
    let asked = [1e-9, 30.0, 60.0, 86_400.0].map(|life| model.asked_of_s3(life));
    assert!(asked.windows(2).all(|pair| pair[0] > pair[1]), "{asked:?}");
    let views = World::TEXTBOOK.pages_a_day() * World::TEXTBOOK.views;
    assert!(near(asked[0], views), "{} of {views}", asked[0]);
}

#[test]
fn deletions_at_the_edge_stay_below_half_a_million_dollars() {
    let dollars = |purge| textbook().purges(purge);
    assert!(dollars(Purge::ShortLife) <= 500e3, "{}", dollars(Purge::ShortLife));
    assert!(near(dollars(Purge::Paths), 1.8e6));
    // What is hardly ever deleted costs the same, and what nobody looks at nothing.
    let seldom = model(World { deleted: 1e-6, ..World::TEXTBOOK });
    assert!(near(seldom.purges(Purge::ShortLife), dollars(Purge::ShortLife)));
    let unseen = model(World { views: 1e-6, ..World::TEXTBOOK });
    assert!(unseen.purges(Purge::ShortLife) < 1.0);
}
