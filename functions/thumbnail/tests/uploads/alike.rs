//! Pictures that look like others.

use domain::UserId;
use domain::photo::Photo;

use crate::pictures::motif;
use crate::world::{World, original_of};

async fn author(world: &World) -> UserId {
    let author = world.photo(1).await.author;
    world.count_photos_of(author).await;
    author
}

/// The photo that the first medium of a photo is like.
fn like(photo: &Photo) -> Option<domain::PhotoId> {
    photo.media[0].rendered.as_ref().unwrap().similar_to
}

#[tokio::test]
async fn when_a_motif_was_posted_before_then_its_author_is_told_which_and_nothing_is_merged() {
    let world = World::new().await;
    let ann = author(&world).await;
    let first = world.post(ann, &motif(1, 640, 90.0)).await;
    let other = world.post(ann, &motif(2, 640, 90.0)).await;
    assert_eq!((like(&first), like(&other)), (None, None));
    world.list(&first).await;
    world.list(&other).await;

    for (width, quality) in [(640, 40.0), (320, 90.0), (900, 75.0)] {
        let again = world.post(ann, &motif(1, width, quality)).await;
        assert_eq!(like(&again), Some(first.id), "{width} at {quality}");
        assert_eq!(original_of(&again, 0).photo, again.id, "its own pixels");
    }
    assert_eq!(like(&world.post(ann, &motif(1, 640, 90.0)).await), Some(first.id), "the very bytes");
    assert_eq!(like(&world.post(ann, &motif(2, 400, 60.0)).await), Some(other.id));
    assert_eq!(like(&world.post(ann, &motif(3, 640, 90.0)).await), None);
}

#[tokio::test]
async fn when_somebody_else_posted_it_or_it_is_not_listed_then_nothing_is_said() {
    let world = World::new().await;
    let (ann, bob) = (author(&world).await, author(&world).await);
    let first = world.post(ann, &motif(1, 640, 90.0)).await;
    assert_eq!(like(&world.post(ann, &motif(1, 320, 80.0)).await), None, "not listed yet");
    world.list(&first).await;
    assert_eq!(like(&world.post(bob, &motif(1, 640, 40.0)).await), None);
    assert_eq!(like(&world.post(bob, &motif(1, 640, 90.0)).await), None);
}
