//! Tables in which everything is right.

use domain::Clock;
use proptest::prelude::*;
use testkit::{ATTEMPTS, Fault, World};
use verify::Outputs;

use crate::stage::{OPTIONS, Small, verify};

#[tokio::test]
async fn a_healthy_table_has_four_counters_a_user_and_two_a_photo() {
    let small = Small::new().await;
    small.world.draft(&small.ada, 2).await;
    let said = verify(&small.world).await;
    assert_eq!(said.last_line(), "18 counters, 0 drifted", "three people, two photos and one in processing");
    assert_eq!(said.findings(), [""; 0]);
    assert_eq!((said.report.exit_code(), said.report.mismatched, said.report.strange), (0, 0, 0));
    assert!(said.repairs.is_empty());
}

#[tokio::test]
async fn a_clean_table_is_read_once() {
    let small = Small::new().await;
    small.world.engine.reset_usage();
    let said = verify(&small.world).await;
    let usage = small.world.engine.usage();
    assert_eq!((usage.requests, usage.requests_of("Scan")), (OPTIONS.segments, OPTIONS.segments));
    assert_eq!(usage.writes(), 0);
    // No segment holds 4 KiB.
    assert!(said.report.read_units <= 0.5 * f64::from(OPTIONS.segments), "{}", said.report.read_units);
    assert!(said.report.items > 20);
}

#[tokio::test]
async fn an_empty_table_has_no_counters() {
    let world = World::new().await;
    assert_eq!(verify(&world).await.last_line(), "0 counters, 0 drifted");
}

#[tokio::test]
async fn items_of_a_deleted_photo_are_no_drift() {
    let small = Small::new().await;
    small.world.delete(&small.ada, small.second).await;
    small.world.derive().await;
    // Likes of the photo and its likers stay until they are forgotten.
    let said = verify(&small.world).await;
    assert_eq!((said.last_line(), said.report.mismatched), ("14 counters, 0 drifted", 0));
}

#[tokio::test]
async fn a_table_that_cannot_be_read_is_an_error() {
    let small = Small::new().await;
    small.world.engine.fail_next("Scan", 3 * ATTEMPTS, Fault::Unavailable);
    let (mut findings, mut repairs, mut progress) = (Vec::new(), Vec::new(), Vec::new());
    let outputs = Outputs { findings: &mut findings, repairs: &mut repairs, progress: &mut progress };
    let engine = &small.world.engine;
    let outcome =
        verify::verify(&engine.client(), engine.table_name(), &OPTIONS, small.world.clock.now(), outputs)
            .await;
    assert!(matches!(outcome, Err(verify::Error::Scan(_))), "{outcome:?}");
    assert!(findings.is_empty());
}

#[tokio::test]
async fn a_throttled_page_is_read_again() {
    let small = Small::new().await;
    small.world.engine.fail_next("Scan", ATTEMPTS - 1, Fault::Throttled);
    assert_eq!(verify(&small.world).await.last_line(), "16 counters, 0 drifted");
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Follow(usize, usize),
    Unfollow(usize, usize),
    Like(usize, usize),
    Unlike(usize, usize),
    Post(usize),
    Comment(usize, usize),
    /// Under the comment of this number, if there are so many.
    Reply(usize, usize),
    Uncomment(usize),
    LikeComment(usize, usize),
}

const PEOPLE: usize = 4;
const PHOTOS: usize = 3;
/// Comments that other acts are about.
const COMMENTS: usize = 4;

fn act() -> impl Strategy<Value = Act> {
    let (who, whom, what) = (0..PEOPLE, 1..PEOPLE, 0..PHOTOS);
    prop_oneof![
        4 => (who.clone(), whom.clone()).prop_map(|(who, step)| Act::Follow(who, (who + step) % PEOPLE)),
        2 => (who.clone(), whom).prop_map(|(who, step)| Act::Unfollow(who, (who + step) % PEOPLE)),
        4 => (who.clone(), what.clone()).prop_map(|(who, what)| Act::Like(who, what)),
        2 => (who.clone(), what.clone()).prop_map(|(who, what)| Act::Unlike(who, what)),
        2 => (who.clone(), what).prop_map(|(who, what)| Act::Comment(who, what)),
        2 => (who.clone(), 0..COMMENTS).prop_map(|(who, number)| Act::Reply(who, number)),
        1 => (0..COMMENTS).prop_map(Act::Uncomment),
        2 => (who.clone(), 0..COMMENTS).prop_map(|(who, number)| Act::LikeComment(who, number)),
        1 => who.prop_map(Act::Post),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) })]

    #[test]
    fn after_any_acts_a_table_is_consistent(acts in prop::collection::vec(act(), 0..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let people = world.people("person", PEOPLE).await;
            let (mut photos, mut comments) = (Vec::new(), Vec::new());
            for author in people.iter().take(PHOTOS) {
                photos.push((author, world.post(author).await));
            }
            for act in acts {
                match act {
                    Act::Follow(who, whom) => _ = world.follow(&people[who], &people[whom]).await,
                    Act::Unfollow(who, whom) => _ = world.unfollow(&people[who], &people[whom]).await,
                    Act::Like(who, what) => {
                        let (author, photo) = photos[what];
                        _ = world.like(&people[who], author, photo).await;
                    }
                    Act::Unlike(who, what) => _ = world.unlike(&people[who], photos[what].1).await,
                    Act::Comment(who, what) => {
                        let (author, photo) = photos[what];
                        let path = world.comment(&people[who], author, photo, None).await;
                        comments.push((author, who, path));
                    }
                    Act::Reply(who, number) => {
                        let Some(&(author, _, path)) = comments.get(number) else { continue };
                        let path = world.comment(&people[who], author, path.photo, Some(path)).await;
                        comments.push((author, who, path));
                    }
                    Act::Uncomment(number) => {
                        let Some(&(_, who, path)) = comments.get(number) else { continue };
                        world.uncomment(&people[who], path).await;
                    }
                    Act::LikeComment(who, number) => {
                        let Some(&(author, writer, path)) = comments.get(number) else { continue };
                        world.like_comment(&people[who], author, &people[writer], path).await;
                    }
                    Act::Post(who) => photos.push((&people[who], world.post(&people[who]).await)),
                }
            }
            world.derive().await;
            let said = verify(&world).await;
            assert_eq!(said.report.exit_code(), 0, "{:?}", said.lines);
            let paths = comments.iter().map(|(.., path)| *path);
            let there = table::comment::get_all(&world.table, paths).await.unwrap().len();
            let counters = 4 * PEOPLE + 2 * photos.len() + 2 * there;
            assert_eq!(said.report.counters, u64::try_from(counters).unwrap());
        });
    }
}
