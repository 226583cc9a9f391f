//! Messages that come twice, at once, after a crash, or after the photo is gone.

use domain::photo::State;
use futures::future::join_all;
use testkit::{ATTEMPTS, Fault};

use crate::pictures::jpeg;
use crate::world::{PHOTOS, UPLOADS, World, batch, medium};

#[tokio::test]
async fn when_ten_pictures_finish_together_and_every_message_comes_twice_then_the_photo_is_ready_once() {
    let world = World::new().await;
    let photo = world.photo(10).await;
    let events: Vec<_> = (0..10_u8)
        .map(|index| world.upload(medium(&photo, index.into()), jpeg(48, 32, 1, 20 * index)))
        .collect();
    let twice = events.iter().chain(&events).cloned();
    let failed = join_all(twice.map(|event| world.run(event))).await;
    assert!(failed.iter().all(Vec::is_empty), "{failed:?}");
    assert_eq!(world.transitions().await, [("processing".to_owned(), "ready".to_owned())]);
    // Ten alternative texts are beside the photo's item.
    let ready = testkit::whole(&world.table, photo.id).await;
    assert_eq!((ready.state, ready.pending), (State::Ready, 0));
    for (index, medium) in ready.media.iter().enumerate() {
        assert_eq!(medium.alt.as_ref().unwrap().as_str(), format!("picture {index}"));
        assert!(medium.rendered.is_some());
    }
    assert_eq!((world.objects.keys(PHOTOS).len(), world.objects.keys(UPLOADS).len()), (70, 0));
}

#[tokio::test]
async fn when_messages_come_again_in_reverse_then_nothing_changes() {
    let world = World::new().await;
    let photo = world.photo(3).await;
    let events: Vec<_> =
        (0..3_u8).map(|index| world.upload(medium(&photo, index.into()), jpeg(40, 30, 1, index))).collect();
    world.done(batch(events.clone())).await;
    let (ready, kept) = (world.stored(&photo).await, world.objects.keys(PHOTOS));
    world.transitions().await;
    world.done(batch(events.into_iter().rev())).await;
    assert_eq!((world.stored(&photo).await, world.objects.keys(PHOTOS)), (ready, kept));
    assert!(world.engine.records().await.is_empty());
}

#[tokio::test]
async fn when_the_object_store_fails_then_the_message_comes_back_and_is_finished() {
    // Every step of the way, in its order.
    for (operation, state_then) in
        [("GetObject", State::Processing), ("PutObject", State::Processing), ("DeleteObject", State::Ready)]
    {
        let world = World::new().await;
        let photo = world.photo(1).await;
        let event = world.upload(medium(&photo, 0), jpeg(40, 30, 1, 0));
        // Of the puts the original's fails, then the renditions' side by side.
        world.objects.fail_next(operation, 7 * ATTEMPTS);
        world.fails(event.clone()).await;
        assert_eq!(world.stored(&photo).await.state, state_then, "{operation}");
        assert_eq!(world.objects.keys(UPLOADS).len(), 1, "{operation}");
        let left = 7 * ATTEMPTS;
        for _ in 0..left {
            if world.run(event.clone()).await.is_empty() {
                break;
            }
        }
        assert_eq!(world.stored(&photo).await.state, State::Ready, "{operation}");
        assert_eq!(
            (world.objects.keys(PHOTOS).len(), world.objects.keys(UPLOADS).len()),
            (7, 0),
            "{operation}"
        );
        assert_eq!(world.transitions().await.len(), 1, "{operation}");
    }
}

#[tokio::test]
async fn when_the_table_fails_then_the_message_comes_back_and_is_finished() {
    for operation in ["GetItem", "Query", "UpdateItem", "TransactWriteItems"] {
        let world = World::new().await;
        let photo = world.photo(1).await;
        let event = world.upload(medium(&photo, 0), jpeg(40, 30, 1, 0));
        world.engine.fail_next(operation, ATTEMPTS, Fault::Throttled);
        world.fails(event.clone()).await;
        assert_eq!(world.stored(&photo).await, photo);
        assert_eq!(world.objects.keys(UPLOADS).len(), 1);
        world.done(event).await;
        assert_eq!(world.stored(&photo).await.state, State::Ready);
        assert!(world.objects.keys(UPLOADS).is_empty());
    }
}

#[tokio::test]
async fn when_the_function_dies_after_its_write_then_the_next_delivery_cleans_up() {
    let world = World::new().await;
    let photo = world.photo(1).await;
    let event = world.upload(medium(&photo, 0), jpeg(40, 30, 1, 0));
    world.engine.fail_next("TransactWriteItems", 1, Fault::Crash);
    world.fails(event.clone()).await;
    assert_eq!(world.stored(&photo).await.state, State::Ready);
    world.done(event).await;
    assert_eq!(world.transitions().await.len(), 1);
    assert_eq!((world.objects.keys(PHOTOS).len(), world.objects.keys(UPLOADS).len()), (7, 0));
}

#[tokio::test]
async fn when_the_photo_was_deleted_then_the_upload_and_what_was_kept_of_it_go_too() {
    let world = World::new().await;
    let photo = world.photo(1).await;
    let event = world.upload(medium(&photo, 0), jpeg(40, 30, 1, 0));
    // A first delivery stores the renditions and gets no further.
    world.engine.fail_next("TransactWriteItems", ATTEMPTS, Fault::Throttled);
    world.fails(event.clone()).await;
    assert_eq!(world.objects.keys(PHOTOS).len(), 7);
    table::photo::delete(&world.table, photo.id, photo.author).await.unwrap();
    world.done(event).await;
    assert!(world.objects.keys(PHOTOS).is_empty() && world.objects.keys(UPLOADS).is_empty());
}

#[tokio::test]
async fn when_the_photo_is_deleted_meanwhile_then_nothing_of_it_stays() {
    let world = World::new().await;
    let photo = world.photo(2).await;
    let event = world.upload(medium(&photo, 0), jpeg(40, 30, 1, 0));
    let mut fetching = world.objects.hold_next("GetObject");
    let deleting = async {
        fetching.arrived().await;
        table::photo::delete(&world.table, photo.id, photo.author).await.unwrap();
        drop(fetching);
    };
    let ((), ()) = futures::join!(world.done(event), deleting);
    assert!(world.objects.keys(PHOTOS).is_empty() && world.objects.keys(UPLOADS).is_empty());
    assert_eq!(table::photo::get_latest(&world.table, photo.id).await.unwrap(), None);
}
