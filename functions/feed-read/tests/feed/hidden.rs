//! Whose photos a feed leaves out.

use api::Caller;
use domain::visibility::Audience;
use domain::{PhotoId, UserId};
use table::privacy;
use testkit::http::{Request, call};

use crate::newest_first;
use crate::world::{World, ids};

async fn make_private(world: &World, photo: PhotoId) {
    privacy::set_audience(&world.table, &[photo], Audience::Followers, 1).await.unwrap();
}

async fn shown(world: &World, reader: &Caller) -> Vec<PhotoId> {
    ids(&world.get_from(&world.cold(), reader, 20, None).await.json)
}

async fn newer(world: &World, reader: &Caller) -> (bool, usize) {
    let than = PhotoId::floor(testkit::START);
    let request = Request::to("GET /api/v1/feed/newer").query("than", than).by(reader, &world.clock);
    let answer = call(&world.cold(), &world.clock, request).await.json;
    (answer["newer"].as_bool().unwrap(), answer["actors"].as_array().unwrap().len())
}

#[tokio::test]
async fn private_photos_are_shown_to_followers_and_never_by_an_entry_that_was_left() {
    let world = World::new().await;
    let (reader, ann, left) =
        (world.person("reader").await, world.person("ann").await, world.person("left").await);
    world.activate(&reader).await;
    world.follow(&reader, &ann).await;
    let (theirs, others, public) = (world.post(&ann).await, world.post(&left).await, world.post(&left).await);
    make_private(&world, theirs).await;
    make_private(&world, others).await;
    // A process that died left the entries of somebody whom the reader does not follow.
    for (author, photo) in [(&ann, theirs), (&left, others)] {
        world.push(&reader, author, photo).await;
    }
    assert_eq!(shown(&world, &reader).await, [theirs]);
    assert_eq!(newer(&world, &reader).await, (true, 1));
    // An author is shown or left out as a whole: while a switch is carried out, some photos are public still.
    world.push(&reader, &left, public).await;
    assert_eq!(shown(&world, &reader).await, [theirs]);
    world.unfollow(&reader, &ann).await;
    world.derive().await;
    assert_eq!(shown(&world, &reader).await, []);
    world.follow(&reader, &left).await;
    world.derive().await;
    assert_eq!(shown(&world, &reader).await, newest_first(&[others, public]));
}

#[tokio::test]
async fn whom_a_block_hides_is_left_out_both_ways() {
    let world = World::new().await;
    let reader = world.person("reader").await;
    let (ann, bob, eve) = (world.person("ann").await, world.person("bob").await, world.person("eve").await);
    world.activate(&reader).await;
    for author in [&ann, &bob, &eve] {
        world.follow(&reader, author).await;
    }
    let mut posted = Vec::new();
    for author in [&ann, &bob, &eve] {
        let photo = world.post(author).await;
        world.push(&reader, author, photo).await;
        posted.push(photo);
    }
    assert_eq!(shown(&world, &reader).await, newest_first(&posted));
    world.hide(&ann, &reader).await;
    world.hide(&reader, &bob).await;
    assert_eq!(shown(&world, &reader).await, [posted[2]]);
    assert_eq!(newer(&world, &reader).await, (true, 1));
    world.hide(&eve, &reader).await;
    assert_eq!(shown(&world, &reader).await, []);
    assert_eq!(newer(&world, &reader).await, (false, 0));
}

/// A page of twenty private photos by twenty authors, whose reader follows as many as packed followings hold and
/// has a circle of 200 people in one of its lists.
#[tokio::test]
async fn a_page_of_private_photos_stays_within_its_budget() {
    let world = World::new().await;
    let reader = world.person("reader").await;
    world.activate(&reader).await;
    for number in 0..460_u64 {
        let whom = UserId::try_from(number).unwrap();
        let edge =
            table::follow::Follow { username: "reader".to_owned(), at: testkit::START, accepted_at: None };
        table::follow::add(&world.table, reader.user_id, whom, &edge).await.unwrap();
    }
    for number in 0..200_u64 {
        let somebody = Caller { user_id: UserId::try_from(1_000 + number).unwrap(), username: String::new() };
        world.hide(&somebody, &reader).await;
    }
    let authors = world.people("author", 20).await;
    for author in &authors {
        world.follow(&reader, author).await;
    }
    world.derive().await;
    let mut posted = Vec::new();
    for author in &authors {
        let photo = world.post(author).await;
        make_private(&world, photo).await;
        world.push(&reader, author, photo).await;
        world.like(&reader, author, photo).await;
        posted.push(photo);
    }
    let deps = world.cold();
    world.engine.reset_usage();
    let page = world.get_from(&deps, &reader, 20, None).await;
    let usage = world.engine.usage();
    assert_eq!(ids(&page.json), newest_first(&posted));
    assert_eq!(usage.round_trips, 2, "{usage:?}");
    assert!(usage.read_units <= 15.5, "{usage:?}");
    assert!(page.json["photos"].as_array().unwrap().iter().all(|photo| photo["audience"] == "followers"));
}

/// A reader of more people than packed followings hold: the edges of private authors among the older ones are
/// read, in one round trip more.
#[tokio::test]
async fn private_authors_whom_packed_followings_do_not_name_are_asked_for() {
    let world = World::new().await;
    let (reader, ann, left) =
        (world.person("reader").await, world.person("ann").await, world.person("left").await);
    world.activate(&reader).await;
    world.follow(&reader, &ann).await;
    world.derive().await;
    for number in 0..480_u64 {
        let whom = UserId::try_from(number).unwrap();
        let edge =
            table::follow::Follow { username: "reader".to_owned(), at: testkit::START, accepted_at: None };
        table::follow::add(&world.table, reader.user_id, whom, &edge).await.unwrap();
    }
    let (theirs, others) = (world.post(&ann).await, world.post(&left).await);
    for (author, photo) in [(&ann, theirs), (&left, others)] {
        make_private(&world, photo).await;
        world.push(&reader, author, photo).await;
    }
    let deps = world.cold();
    world.engine.reset_usage();
    assert_eq!(ids(&world.get_from(&deps, &reader, 20, None).await.json), [theirs]);
    let usage = world.engine.usage();
    assert_eq!(usage.round_trips, 3, "{usage:?}");
}
