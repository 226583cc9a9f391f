//! Accounts that are made private or public.

use domain::PhotoId;
use domain::visibility::Audience;
use messages::{AudiencePart, Event};
use table::follow::Follow;
use table::{photo, privacy, request};

use crate::stage::Stage;

async fn audience(stage: &Stage, photo: PhotoId) -> Audience {
    photo::get_latest(&stage.world.table, photo).await.unwrap().unwrap().audience
}

/// Returns the message that follows from the last switch of an account.
async fn switched(stage: &Stage, who: &api::Caller) -> Event {
    let privacy = privacy::get_latest(&stage.world.table, who.user_id).await.unwrap().unwrap();
    Event::AudienceChanged { user_id: who.user_id, mark: privacy.switched, part: AudiencePart::default() }
}

/// Delivers messages, and those that follow from them; returns how many there were.
async fn work_off(stage: &Stage, event: Event) -> usize {
    let (mut open, mut delivered) = (vec![event], 0);
    while !open.is_empty() {
        stage.deliver_each(&open).await;
        delivered += open.len();
        open = stage.outbox.take();
    }
    delivered
}

#[tokio::test]
async fn the_newest_two_hundred_photos_follow_first_and_then_page_by_page() {
    let stage = Stage::new().await;
    let ann = stage.world.person("ann").await;
    let mut posted = Vec::new();
    for _ in 0..410 {
        posted.push(stage.world.post(&ann).await);
    }
    stage.world.derive().await;
    stage.world.switch(&ann, true).await;
    let event = switched(&stage, &ann).await;
    stage.world.engine.reset_usage();
    stage.deliver_each([&event]).await;
    let usage = stage.world.engine.usage();
    // The account and the list; then the photos, 25 at once.
    assert!(usage.round_trips <= 2 + 200 / 25 && usage.write_units <= 200.0, "{usage:?}");
    for (index, photo) in posted.iter().rev().enumerate() {
        let expected = if index < 200 { Audience::Followers } else { Audience::Everyone };
        assert_eq!(audience(&stage, *photo).await, expected, "{index}");
    }
    // The first page was delivered before, and is again: each of the two after it comes twice.
    assert_eq!(work_off(&stage, event).await, 5);
    for photo in &posted {
        assert_eq!(audience(&stage, *photo).await, Audience::Followers);
    }
    let privacy = privacy::get_latest(&stage.world.table, ann.user_id).await.unwrap().unwrap();
    assert_eq!((privacy.private, privacy.rebuild), (true, None), "the mark is removed with the last page");
}

#[tokio::test]
async fn when_an_account_becomes_public_then_pending_requests_become_follows() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let ann = world.person("ann").await;
    world.switch(&ann, true).await;
    let photo = world.post(&ann).await;
    let askers = world.people("asker", 130).await;
    for asker in &askers {
        let wish = Follow {
            username: asker.username.clone(),
            at: domain::Clock::now(&world.clock),
            accepted_at: None,
        };
        assert!(request::add(&world.table, asker.user_id, ann.user_id, &wish).await.unwrap());
    }
    request::withdraw(&world.table, askers[0].user_id, ann.user_id).await.unwrap();
    world.derive().await;
    assert_eq!(world.profile(&ann).await.requests, 129);
    world.switch(&ann, false).await;
    let event = switched(&stage, &ann).await;
    assert_eq!(work_off(&stage, event.clone()).await, 3, "photos, a hundred requests, the others");
    world.derive().await;
    let profile = world.profile(&ann).await;
    assert_eq!((profile.requests, profile.followers), (0, 129));
    assert_eq!(audience(&stage, photo).await, Audience::Everyone);
    let follow = table::follow::get_latest(&world.table, askers[1].user_id, ann.user_id).await.unwrap();
    assert_eq!(follow.unwrap().username, "asker1");
    // Again, late: the mark is gone, and so is what it asked for.
    world.engine.stream().await;
    stage.deliver_each([&event]).await;
    assert_eq!(world.engine.written().await, 0);
}

#[tokio::test]
async fn when_an_account_is_switched_twice_then_late_messages_of_the_first_do_nothing() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let ann = world.person("ann").await;
    let photo = world.post(&ann).await;
    world.derive().await;
    world.switch(&ann, true).await;
    let first = switched(&stage, &ann).await;
    world.switch(&ann, false).await;
    let second = switched(&stage, &ann).await;
    for event in [&first, &second, &first, &second] {
        work_off(&stage, event.clone()).await;
        assert_eq!(audience(&stage, photo).await, Audience::Everyone);
    }
    // A page of the first that was already past its look at the account changes nothing either.
    let Event::AudienceChanged { mark, .. } = first else { panic!("{first:?}") };
    privacy::set_audience(&world.table, &[photo], Audience::Followers, mark).await.unwrap();
    assert_eq!(audience(&stage, photo).await, Audience::Everyone);
}
