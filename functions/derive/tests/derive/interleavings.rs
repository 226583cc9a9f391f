//! People act at random, and the stream reaches the function in lanes that start again from earlier positions.

use api::Caller;
use aws_lambda_events::dynamodb::EventRecord;
use domain::PhotoId;
use proptest::prelude::*;
use testkit::{Fault, World};

use crate::stage::Stage;

const PEOPLE: usize = 4;
const PHOTOS: usize = 2;
const LANES: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Act {
    Follow(usize, usize),
    Unfollow(usize, usize),
    Like(usize, usize),
    Unlike(usize, usize),
}

fn act() -> impl Strategy<Value = Act> {
    let (who, whom, what) = (0..PEOPLE, 1..PEOPLE, 0..PHOTOS);
    prop_oneof![
        (who.clone(), whom.clone()).prop_map(|(who, step)| Act::Follow(who, (who + step) % PEOPLE)),
        (who.clone(), whom).prop_map(|(who, step)| Act::Unfollow(who, (who + step) % PEOPLE)),
        (who.clone(), what.clone()).prop_map(|(who, what)| Act::Like(who, what)),
        (who, what).prop_map(|(who, what)| Act::Unlike(who, what)),
    ]
}

/// One delivery: from which lane, how many records it goes back, how many it takes, and whether the function dies after
/// its first write.
#[derive(Clone, Copy, Debug)]
struct Delivery {
    lane: usize,
    back: usize,
    take: usize,
    crash: bool,
}

fn delivery() -> impl Strategy<Value = Delivery> {
    (0..LANES, 0_usize..8, 1_usize..12, prop::bool::weighted(0.2))
        .prop_map(|(lane, back, take, crash)| Delivery { lane, back, take, crash })
}

async fn perform(world: &World, people: &[Caller], photos: &[PhotoId], act: Act) {
    match act {
        Act::Follow(who, whom) => world.follow(&people[who], &people[whom]).await,
        Act::Unfollow(who, whom) => world.unfollow(&people[who], &people[whom]).await,
        Act::Like(who, what) => world.like(&people[who], &people[0], photos[what]).await,
        Act::Unlike(who, what) => world.unlike(&people[who], photos[what]).await,
    };
}

/// The stream keeps the order of one partition's records; others may overtake them.
fn lanes(records: Vec<EventRecord>) -> Vec<Vec<EventRecord>> {
    let mut lanes = vec![Vec::new(); LANES];
    for record in records {
        let partition = format!("{:?}", record.change.keys.get("pk"));
        let lane = partition.bytes().map(usize::from).sum::<usize>() % LANES;
        lanes[lane].push(record);
    }
    lanes
}

async fn play(acts: Vec<Act>, deliveries: Vec<Delivery>) {
    let stage = Stage::new().await;
    let people = stage.world.people("person", PEOPLE).await;
    let mut photos = Vec::new();
    for _ in 0..PHOTOS {
        photos.push(stage.world.post(&people[0]).await);
    }
    stage.drain().await;
    for act in acts {
        perform(&stage.world, &people, &photos, act).await;
    }
    let lanes = lanes(stage.world.engine.stream().await);
    let mut reached = [0; LANES];
    for Delivery { lane, back, take, crash } in deliveries {
        let start = reached[lane].min(lanes[lane].len()).saturating_sub(back);
        let end = (start + take).min(lanes[lane].len());
        if start == end {
            continue;
        }
        if crash {
            stage.world.engine.fail_next("TransactWriteItems", 1, Fault::Crash);
        }
        let failed = stage.deliver(&lanes[lane][start..end]).await;
        // Whatever failed comes again from there; otherwise the lane goes on behind the batch.
        let again = failed.and_then(|number| {
            lanes[lane].iter().position(|record| record.change.sequence_number == Some(number.clone()))
        });
        reached[lane] = again.unwrap_or(end);
        for photo in &photos {
            assert!(stage.likes(*photo).await >= 0);
        }
        for person in &people {
            let profile = stage.world.profile(person).await;
            assert!(profile.followers >= 0 && profile.following >= 0);
        }
    }
    for (lane, reached) in lanes.iter().zip(reached) {
        assert_eq!(stage.deliver(&lane[reached.min(lane.len())..]).await, None);
    }
    let people: Vec<&Caller> = people.iter().collect();
    stage.assert_exact(&people, &photos).await;
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    #[test]
    fn counters_equal_edges_however_the_stream_is_delivered(
        acts in prop::collection::vec(act(), 1..50),
        deliveries in prop::collection::vec(delivery(), 0..16),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(acts, deliveries));
    }
}
