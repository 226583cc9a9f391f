//! What hangs on a comment that is gone, and the comments of a deleted photo.

use domain::CommentPath;
use messages::Event;
use table::change::Change;
use table::keys::ItemKey;
use table::photo::{self, Pinning};
use table::{comment, like};
use testkit::Fault;

use crate::stage::Stage;

const ALL: usize = 1_000;

async fn assert_nobody_likes(stage: &Stage, path: CommentPath, people: &[api::Caller]) {
    for person in people {
        let liked = comment::liked(&stage.world.table, person.user_id, path.photo).await.unwrap();
        assert!(!liked.holds(path), "{}", person.username);
    }
}

#[tokio::test]
async fn when_a_comment_is_removed_then_its_likes_replies_and_pin_go() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, fans) = (world.person("ann").await, world.people("fan", 3).await);
    let photo = world.post(&ann).await;
    let path = world.comment(&fans[0], &ann, photo, None).await;
    let kept = world.comment(&fans[1], &ann, photo, None).await;
    world.derive().await;
    let reply = world.comment(&fans[1], &ann, photo, Some(path)).await;
    world.derive().await;
    for fan in &fans {
        for (liked, writer) in [(path, &fans[0]), (reply, &fans[1]), (kept, &fans[1])] {
            world.like_comment(fan, &ann, writer, liked).await;
        }
    }
    world.derive().await;
    let pinning = photo::pin(&world.table, photo, ann.user_id, path.comment).await.unwrap();
    assert_eq!(pinning, Pinning::Pinned);
    assert!(world.uncomment(&fans[0], path).await);
    let mut events: Vec<Event> = world.derive().await.iter().flat_map(Change::events).collect();
    world.engine.fail_next("BatchWriteItem", 1, Fault::Crash);
    assert_eq!(stage.deliver(&events).await, ["message-0"]);
    // What a message leads to is a message again, and each comes twice.
    while !events.is_empty() {
        stage.deliver_each(events.iter().chain(&events)).await;
        let next: Vec<Event> = world.derive().await.iter().flat_map(Change::events).collect();
        events = next.into_iter().filter(|event| matches!(event, Event::CommentRemoved { .. })).collect();
    }
    for gone in [path, reply] {
        assert_nobody_likes(&stage, gone, &fans).await;
        assert!(comment::get(&world.table, gone).await.unwrap().is_none());
    }
    let stays = photo::get(&world.table, photo).await.unwrap().unwrap();
    assert_eq!((stays.comments, stays.pins.len()), (1, 0));
    assert_eq!(comment::get(&world.table, kept).await.unwrap().unwrap().likes, 3);
}

#[tokio::test]
async fn when_a_photo_is_deleted_then_its_comments_go_from_both_sides() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, fans) = (world.person("ann").await, world.people("fan", 2).await);
    let photo = world.draft(&ann, 1).await;
    world.finish(&photo).await;
    let path = world.comment(&fans[0], &ann, photo.id, None).await;
    world.derive().await;
    world.comment(&fans[1], &ann, photo.id, Some(path)).await;
    world.like_comment(&fans[1], &ann, &fans[0], path).await;
    world.like(&fans[0], &ann, photo.id).await;
    world.derive().await;
    world.delete(&ann, photo.id).await;
    let events: Vec<Event> = world.derive().await.iter().flat_map(Change::events).collect();
    for _ in 0..2 {
        stage.deliver_each(&events).await;
    }
    assert!(comment::thread(&world.table, photo.id, None, ALL).await.unwrap().items.is_empty());
    assert!(comment::replies(&world.table, path, None, ALL).await.unwrap().items.is_empty());
    assert!(comment::top(&world.table, photo.id).await.unwrap().is_empty());
    assert!(like::likers(&world.table, photo.id, None, ALL).await.unwrap().items.is_empty());
    for fan in &fans {
        let own = comment::newest_written_latest(&world.table, fan.user_id, photo.id, ALL).await.unwrap();
        assert!(own.items.is_empty());
    }
    assert_nobody_likes(&stage, path, &fans).await;
    // The records of the clean-up derive nothing more.
    let changes = world.derive().await;
    assert!(!changes.is_empty());
    let key = ItemKey::Threaded(path).raw();
    assert!(world.engine.stream().await.iter().all(|record| !format!("{record:?}").contains(&key.pk)));
}
