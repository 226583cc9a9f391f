//! Repairs that an operator asks for, on the real table engine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use std::time::Duration;

use api::Caller;
use domain::{Clock, PhotoId, Relation};
use messages::repair::MOST;
use messages::{Event, HashRange};
use runtime::task::answer;
use serde_json::{Value, json};
use sweep::{Done, Queues, Repaired, SweepHandler};
use table::keys::ItemKey;
use table::relations::EdgeState;
use table::{Order, Table, circle, follow, followings, like, photo, request, timeline};
use testkit::{ATTEMPTS, Fault, Outbox, World, fixture};
use verify::{Options, Outputs, Report};

/// A world in which Bob follows Ada and likes her photo.
struct Stage {
    world: World,
    ada: Caller,
    bob: Caller,
    photo: PhotoId,
    queues: Queues<Outbox>,
}

impl Stage {
    async fn new() -> Self {
        let world = World::new().await;
        let (ada, bob) = (world.person("ada").await, world.person("bob").await);
        let photo = world.post(&ada).await;
        world.follow(&bob, &ada).await;
        world.like(&bob, &ada, photo).await;
        world.derive().await;
        let queues = Queues { fanout: Outbox::default(), backfill: Outbox::default() };
        Self { world, ada, bob, photo, queues }
    }

    fn deps(&self) -> SweepHandler<Outbox> {
        SweepHandler::new(self.world.table.clone(), self.queues.clone(), self.world.clock.shared())
    }

    /// Returns the messages that `fanout` and `backfill` received since the last call.
    fn told(&self) -> (Vec<Event>, Vec<Event>) {
        (self.queues.fanout.take(), self.queues.backfill.take())
    }

    fn ready(&self) -> Event {
        Event::PhotoReady { photo_id: self.photo, author_id: self.ada.user_id, followers: HashRange::ALL }
    }

    fn follow_moved(&self) -> Event {
        Event::FollowRemoved { follower_id: self.bob.user_id, followee_id: self.ada.user_id }
    }

    async fn ask(&self, input: Value) -> Repaired {
        match answer(&self.deps(), input).await.unwrap() {
            Done::Repaired(repaired) => repaired,
            swept @ Done::Swept(_) => panic!("{swept:?}"),
        }
    }

    /// Returns the event that names everything.
    fn everything(&self) -> Value {
        let (ada, bob, photo) =
            (self.ada.user_id.to_string(), self.bob.user_id.to_string(), self.photo.to_string());
        let values = [("user_id", ada.as_str()), ("photo_id", photo.as_str()), ("follower_id", bob.as_str())];
        fixture("sweep", "repair", &values)
    }

    /// Returns the event that names the follow and the photo, without their counters.
    fn edges(&self) -> Value {
        let (ada, bob) = (self.ada.user_id, self.bob.user_id);
        json!({ "resettle": [{ "follow": [bob, ada] }, { "timeline": [ada, self.photo] }] })
    }

    async fn is_follower(&self) -> bool {
        let followers = follow::followers(&self.world.table, self.ada.user_id, None, 10).await.unwrap();
        followers.items.contains(&self.bob.user_id)
    }

    async fn is_listed(&self) -> bool {
        let photos = timeline::page(&self.world.table, self.ada.user_id, None, 10).await.unwrap();
        photos.items.contains(&self.photo)
    }

    /// Changes an item directly, without the functions.
    async fn write(&self, item: ItemKey, expression: &str) {
        self.world.write(&item, expression, 1).await;
    }

    async fn remove(&self, item: ItemKey) {
        self.world.remove(&item).await;
    }

    async fn likes(&self) -> i64 {
        photo::get_latest(&self.world.table, self.photo).await.unwrap().unwrap().likes
    }

    /// Returns what `verify` finds, and the requests it makes of that.
    async fn verify(&self) -> (Report, Vec<Value>) {
        let (mut findings, mut repairs, mut progress) = (Vec::new(), Vec::new(), Vec::new());
        let outputs = Outputs { findings: &mut findings, repairs: &mut repairs, progress: &mut progress };
        let options = Options { patience: Duration::ZERO, ..Options::default() };
        let engine = &self.world.engine;
        let (client, now) = (engine.client(), self.world.clock.now());
        let report = verify::verify(&client, engine.table_name(), &options, now, outputs).await.unwrap();
        let lines = String::from_utf8(repairs).unwrap();
        (report, lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }
}

#[tokio::test]
async fn when_everything_is_right_then_only_messages_are_sent() {
    let stage = Stage::new().await;
    stage.world.engine.reset_usage();
    assert_eq!(
        stage.ask(stage.everything()).await,
        Repaired { recounted: 5, drifted: 0, stale: 0, resettled: 3, pairs: 1 }
    );
    let usage = stage.world.engine.usage();
    assert!(usage.write_units < f64::EPSILON, "{usage:?}");
    assert_eq!(stage.told(), (vec![stage.ready()], vec![stage.follow_moved()]));
    assert_eq!(stage.verify().await.0.exit_code(), 0);
}

#[tokio::test]
async fn when_verify_finds_drift_then_one_repair_corrects_it() {
    let stage = Stage::new().await;
    let (ada, bob) = (stage.ada.user_id, stage.bob.user_id);
    stage.write(ItemKey::User(ada), "ADD followers :value, photos :value").await;
    stage.write(ItemKey::User(bob), "ADD following :value").await;
    stage.write(ItemKey::Photo(stage.photo), "ADD likes :value").await;
    let (report, repairs) = stage.verify().await;
    assert_eq!((report.drifted, repairs.len()), (4, 1));

    assert_eq!(
        stage.ask(repairs[0].clone()).await,
        Repaired { recounted: 5, drifted: 4, stale: 0, resettled: 0, pairs: 0 }
    );
    assert_eq!(stage.verify().await.0.exit_code(), 0);
    assert_eq!(
        stage.ask(repairs[0].clone()).await,
        Repaired { recounted: 5, drifted: 0, stale: 1, resettled: 0, pairs: 0 },
        "a scan's count is used once"
    );
    assert_eq!(stage.verify().await.0.exit_code(), 0);
    let (ada, bob) = (stage.world.profile(&stage.ada).await, stage.world.profile(&stage.bob).await);
    assert_eq!((ada.followers, ada.photos, bob.following, stage.likes().await), (1, 1, 1, 1));
}

#[tokio::test]
async fn when_edges_are_mismatched_then_edges_and_counters_follow_the_source() {
    let stage = Stage::new().await;
    let (ada, bob) = (stage.ada.user_id, stage.bob.user_id);
    // The follow exists at its source and is not derived, and is missing from the counter.
    stage.remove(ItemKey::Follower(ada, bob)).await;
    stage.remove(ItemKey::Timeline(ada, stage.photo)).await;
    // This derived like has no source edge.
    stage.remove(ItemKey::Like(bob, stage.photo)).await;
    let (report, repairs) = stage.verify().await;
    assert_eq!(
        (report.mismatched, report.drifted),
        (3, 3),
        "followers, following and photos count what is gone"
    );
    for repair in repairs {
        stage.ask(repair).await;
    }
    let (report, _) = stage.verify().await;
    assert_eq!(report.exit_code(), 0, "{report}");
    let (ada, bob) = (stage.world.profile(&stage.ada).await, stage.world.profile(&stage.bob).await);
    assert_eq!((ada.followers, ada.photos, bob.following, stage.likes().await), (1, 1, 1, 0));
}

#[tokio::test]
async fn when_the_stream_lost_a_follow_and_a_photo_then_both_are_sent_to_feeds() {
    let stage = Stage::new().await;
    let (ada, bob) = (stage.ada.user_id, stage.bob.user_id);
    stage.remove(ItemKey::Follower(ada, bob)).await;
    stage.remove(ItemKey::Timeline(ada, stage.photo)).await;
    for repair in stage.verify().await.1 {
        stage.ask(repair).await;
    }
    assert_eq!(stage.told(), (vec![stage.ready()], vec![stage.follow_moved()]));
    assert!(stage.is_follower().await && stage.is_listed().await);
}

#[tokio::test]
async fn when_the_stream_lost_removals_then_only_the_unfollow_is_sent() {
    let stage = Stage::new().await;
    assert!(stage.world.unfollow(&stage.bob, &stage.ada).await);
    stage.world.delete(&stage.ada, stage.photo).await;
    let asked = stage.edges();
    assert_eq!(stage.ask(asked).await, Repaired { resettled: 2, ..Repaired::default() });
    assert_eq!(stage.told(), (vec![], vec![stage.follow_moved()]));
    assert!(!stage.is_follower().await && !stage.is_listed().await);
    assert_eq!(stage.world.profile(&stage.ada).await.photos, 0);
}

#[tokio::test]
async fn when_a_photo_is_not_ready_or_not_theirs_then_nothing_happens() {
    let stage = Stage::new().await;
    let waiting = stage.world.draft(&stage.ada, 1).await.id;
    let asked = json!({ "resettle": [{ "timeline": [stage.ada.user_id, waiting] }, { "timeline": [stage.bob.user_id, stage.photo] }] });
    assert_eq!(stage.ask(asked).await, Repaired::default());
    assert_eq!(stage.told(), (vec![], vec![]));
    assert!(stage.is_listed().await);
    assert_eq!(stage.world.profile(&stage.ada).await.photos, 1);
}

#[tokio::test]
async fn when_circles_and_packed_followings_are_wrong_then_they_follow_what_is_said() {
    let stage = Stage::new().await;
    let (ada, bob) = (stage.ada.user_id, stage.bob.user_id);
    stage.remove(ItemKey::Followings(bob)).await;
    let eve = stage.world.person("eve").await;
    stage.world.derive().await;
    // The record of a bell was lost.
    stage.world.ring(&stage.bob, &stage.ada).await;
    stage.world.engine.stream().await;
    // So was that of a block, and with it the end of a request that was made since.
    stage.world.block(&stage.ada, &eve).await;
    stage.world.engine.stream().await;
    stage.world.ask(&eve, &stage.ada).await;
    stage.world.engine.stream().await;
    let (report, repairs) = stage.verify().await;
    assert_eq!((report.listed, report.mismatched), (3, 1), "{report}");
    for repair in repairs {
        stage.ask(repair).await;
    }
    let (report, _) = stage.verify().await;
    assert_eq!(report.exit_code(), 0, "{report}");
    let table = &stage.world.table;
    assert!(!request::exists(table, eve.user_id, ada).await.unwrap());
    assert!(circle::get(table, ada).await.unwrap().blocks.contains(&eve.user_id));
    assert!(circle::get(table, eve.user_id).await.unwrap().blocked_by.contains(&ada));
    assert_eq!(followings::get(table, bob).await.unwrap().holds(ada), Some(true));
    let asked = json!({ "pairs": [[ada, eve.user_id]] });
    assert_eq!(stage.ask(asked).await, Repaired { pairs: 1, ..Repaired::default() });
}

#[tokio::test]
async fn when_a_request_under_a_block_was_not_derived_then_it_is_ended() {
    let stage = Stage::new().await;
    let eve = stage.world.person("eve").await;
    stage.world.block(&stage.ada, &eve).await;
    stage.world.derive().await;
    stage.world.ask(&eve, &stage.ada).await;
    let asked = json!({ "resettle": [{ "request": [eve.user_id, stage.ada.user_id] }] });
    assert_eq!(stage.ask(asked).await, Repaired { resettled: 1, ..Repaired::default() });
    assert!(!request::exists(&stage.world.table, eve.user_id, stage.ada.user_id).await.unwrap());
    assert_eq!(stage.world.profile(&stage.ada).await.requests, 0);
}

#[tokio::test]
async fn when_a_queue_refuses_then_the_run_fails_and_a_repeat_sends() {
    for refusing in 0..2 {
        let stage = Stage::new().await;
        let (ada, bob) = (stage.ada.user_id, stage.bob.user_id);
        stage.remove(ItemKey::Follower(ada, bob)).await;
        stage.remove(ItemKey::Timeline(ada, stage.photo)).await;
        [&stage.queues.fanout, &stage.queues.backfill][refusing].fail_next(1);
        let error = answer(&stage.deps(), stage.edges()).await.unwrap_err();
        assert_eq!(error.error_type, "SweepIncomplete");
        assert!(stage.is_follower().await && stage.is_listed().await);
        let (photos, follows) = stage.told();
        assert_eq!(photos.len() + follows.len(), 1, "one queue that refuses does not stop the other");

        assert_eq!(stage.ask(stage.edges()).await, Repaired { resettled: 2, ..Repaired::default() });
        assert_eq!(stage.told(), (vec![stage.ready()], vec![stage.follow_moved()]));
    }
}

#[tokio::test]
async fn when_an_edge_cannot_be_settled_then_no_message_is_sent() {
    let stage = Stage::new().await;
    stage.remove(ItemKey::Follower(stage.ada.user_id, stage.bob.user_id)).await;
    stage.world.engine.fail_next("TransactWriteItems", 10 * ATTEMPTS, Fault::Unavailable);
    let asked = json!({ "resettle": [{ "follow": [stage.bob.user_id, stage.ada.user_id] }] });
    let error = answer(&stage.deps(), asked).await.unwrap_err();
    assert_eq!(error.error_type, "SweepIncomplete");
    assert_eq!(stage.told(), (vec![], vec![]));
}

#[tokio::test]
async fn when_an_edge_comes_between_counting_and_setting_then_it_is_counted() {
    let stage = Stage::new().await;
    stage.write(ItemKey::Photo(stage.photo), "ADD likes :value").await;
    let (client, hold) = stage.world.engine.held_client("UpdateItem", 0);
    let table = Table::new(client, stage.world.engine.table_name());
    let deps = SweepHandler::new(table, stage.queues.clone(), stage.world.clock.shared());
    let comes = async {
        hold.reached().await;
        stage.world.like(&stage.ada, &stage.ada, stage.photo).await;
        stage.world.derive().await;
        hold.release();
    };
    let asked = json!({ "recount": { "photos": [stage.photo] } });
    let (done, ()) = futures::join!(answer(&deps, asked), comes);
    assert_eq!(done.unwrap(), Done::Repaired(Repaired { recounted: 2, drifted: 1, ..Repaired::default() }));
    assert_eq!(stage.likes().await, 2);
    assert_eq!(stage.verify().await.0.exit_code(), 0);
}

#[tokio::test]
async fn when_edges_change_during_recounts_then_the_count_ends_right() {
    let stage = Stage::new().await;
    let people = stage.world.people("person", 12).await;
    stage.write(ItemKey::Photo(stage.photo), "ADD likes :value").await;
    let table = &stage.world.table;
    let derive = async {
        for round in 0..4 {
            for (place, person) in people.iter().enumerate() {
                let since = ((round + place) % 3 != 0).then_some(domain::Timestamp(1));
                if since.is_some() {
                    stage.world.like(person, &stage.ada, stage.photo).await;
                } else {
                    stage.world.unlike(person, stage.photo).await;
                }
                let change = EdgeState::since(Relation::Like(person.user_id, stage.photo), since);
                table::settle(table, vec![change], Order::InOrder).await.unwrap();
            }
        }
    };
    let recount = async {
        loop {
            // The recount may find the counter busy, but whatever it sets has to be right.
            let asked = json!({ "recount": { "photos": [stage.photo] } });
            _ = answer(&stage.deps(), asked).await;
        }
    };
    tokio::select! {
        () = derive => {}
        () = recount => unreachable!("it never ends"),
    }
    stage.ask(json!({ "recount": { "photos": [stage.photo] } })).await;
    assert_eq!(stage.verify().await.0.exit_code(), 0);
    let likers = like::likers(table, stage.photo, None, 100).await.unwrap().items;
    assert_eq!(stage.likes().await, i64::try_from(likers.len()).unwrap());
}

#[tokio::test]
async fn when_one_part_fails_then_the_others_succeed_and_the_run_fails() {
    let stage = Stage::new().await;
    stage.write(ItemKey::User(stage.ada.user_id), "ADD followers :value").await;
    stage.write(ItemKey::Photo(stage.photo), "ADD likes :value").await;
    stage.world.engine.fail_next("UpdateItem", ATTEMPTS, Fault::Throttled);
    let error = answer(&stage.deps(), stage.everything()).await.unwrap_err();
    assert_eq!(error.error_type, "SweepIncomplete");
    assert_eq!(stage.verify().await.0.drifted, 1);
    stage.ask(stage.everything()).await;
    assert_eq!(stage.verify().await.0.exit_code(), 0);
}

#[tokio::test]
async fn when_the_named_items_are_gone_then_nothing_is_created() {
    let stage = Stage::new().await;
    let before = stage.verify().await.0.items;
    let asked = json!({
        "recount": { "users": ["1"], "photos": ["2"], "following": [{ "user_id": "1", "edges": 9 }] },
        "resettle": [{ "follow": ["1", "2"] }, { "like": ["1", "2"] }],
    });
    assert_eq!(
        stage.ask(asked).await,
        Repaired { recounted: 0, drifted: 0, stale: 1, resettled: 2, pairs: 0 }
    );
    assert_eq!(stage.verify().await.0.items, before);
}

#[tokio::test]
async fn when_a_request_is_too_large_or_malformed_then_all_of_it_is_refused() {
    let stage = Stage::new().await;
    let many: Vec<String> = (0..=MOST).map(|number| number.to_string()).collect();
    for asked in [
        json!({ "recount": { "photos": many } }),
        json!({ "recount": { "photo": ["1"] } }),
        json!({ "recount": { "users": ["me"] } }),
        json!({ "resettle": [{ "follow": ["1"] }] }),
    ] {
        assert_eq!(answer(&stage.deps(), asked).await.unwrap_err().error_type, "BadInput");
    }
}
