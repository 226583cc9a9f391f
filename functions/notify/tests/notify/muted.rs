//! What is told of people and photos that are muted: nothing new.

use std::time::Duration;

use testkit::World;

use crate::{deliver, follow, happened, inbox, like, listed, sentences, settle, unlike, unread};

#[tokio::test]
async fn when_somebody_is_muted_then_nothing_they_do_is_told() {
    let world = World::new().await;
    let (ann, bob, cid) = (world.person("ann").await, world.person("bob").await, world.person("cid").await);
    let photo = world.post(&ann).await;
    let own = world.say(&ann, &ann, photo, None, &[]).await;
    settle(&world).await;
    world.mute(&ann, &bob, true).await;
    world.like(&bob, &ann, photo).await;
    world.follow(&bob, &ann).await;
    world.say(&bob, &ann, photo, None, &[]).await;
    world.say(&bob, &ann, photo, None, &[&ann, &cid]).await;
    world.say(&bob, &ann, photo, Some((own, Some(&ann))), &[]).await;
    world.like_comment(&bob, &ann, &ann, own).await;
    let events = happened(&world).await;
    assert!(deliver(&world, &events).await.is_empty());
    assert_eq!((inbox(&world, &ann).await, unread(&world, &ann).await), (vec![], 0));
    // Others are told of them, and she of others.
    assert_eq!(sentences(&world, &cid).await, ["bob mentioned you in a comment"]);
    world.like(&cid, &ann, photo).await;
    settle(&world).await;
    assert_eq!(sentences(&world, &ann).await, ["cid liked your photo"]);
    // Once that has ended she is told of what comes then, and of nothing before, unless its message comes again.
    world.mute(&ann, &bob, false).await;
    let other = world.post(&ann).await;
    world.like(&bob, &ann, other).await;
    settle(&world).await;
    assert_eq!(sentences(&world, &ann).await, ["bob liked your photo", "cid liked your photo"]);
    assert!(deliver(&world, &events).await.is_empty());
    assert_eq!((inbox(&world, &ann).await.len(), unread(&world, &ann).await), (7, 7));
}

#[tokio::test]
async fn when_somebody_is_muted_then_what_was_told_stays_until_they_take_it_back() {
    let world = World::new().await;
    let (ann, bob, cid) = (world.person("ann").await, world.person("bob").await, world.person("cid").await);
    let photo = world.post(&ann).await;
    let events = [
        like(&world, &ann, photo, &bob).await,
        like(&world, &ann, photo, &cid).await,
        follow(&world, &ann, &bob).await,
    ];
    assert!(deliver(&world, &events).await.is_empty());
    let told = listed(&world, &ann).await;
    world.mute(&ann, &bob, true).await;
    assert!(deliver(&world, &events).await.is_empty());
    assert_eq!((listed(&world, &ann).await, unread(&world, &ann).await), (told, 2));
    let removed = unlike(&world, photo, &bob).await;
    assert!(deliver(&world, &[removed]).await.is_empty());
    assert_eq!(sentences(&world, &ann).await, ["bob started following you", "cid liked your photo"]);
    // Whoever likes again is told of no more than whoever likes.
    let again = like(&world, &ann, photo, &bob).await;
    assert!(deliver(&world, &[again]).await.is_empty());
    assert_eq!(sentences(&world, &ann).await, ["bob started following you", "cid liked your photo"]);
}

#[tokio::test]
async fn when_a_circle_does_not_name_the_muted_then_their_pair_is_asked() {
    let world = World::new().await;
    let (ann, bob, cid) = (world.person("ann").await, world.person("bob").await, world.person("cid").await);
    let photo = world.post(&ann).await;
    world.mute(&ann, &bob, true).await;
    let liked = like(&world, &ann, photo, &bob).await;
    for (overflows, budget) in [(false, (2, 2.5, 0.0)), (true, (4, 4.5, 0.0))] {
        if overflows {
            world.overflow_circle(&ann).await;
        }
        world.engine.reset_usage();
        assert!(deliver(&world, std::slice::from_ref(&liked)).await.is_empty());
        let usage = world.engine.usage();
        assert_eq!((usage.round_trips, usage.read_units, usage.write_units), budget, "{usage:?}");
        assert!(inbox(&world, &ann).await.is_empty());
    }
    let liked = like(&world, &ann, photo, &cid).await;
    assert!(deliver(&world, &[liked]).await.is_empty());
    assert_eq!(sentences(&world, &ann).await, ["cid liked your photo"]);
}

#[tokio::test]
async fn when_a_photo_is_muted_then_its_author_alone_is_told_nothing_under_it() {
    let world = World::new().await;
    let (ann, bob, cid) = (world.person("ann").await, world.person("bob").await, world.person("cid").await);
    let (photo, other) = (world.post(&ann).await, world.post(&bob).await);
    let own = world.say(&ann, &ann, photo, None, &[]).await;
    settle(&world).await;
    world.like(&cid, &ann, photo).await;
    settle(&world).await;
    let told = listed(&world, &ann).await;
    world.mute_photo(&ann, photo, true).await;
    world.like(&bob, &ann, photo).await;
    let path = world.say(&bob, &ann, photo, None, &[]).await;
    world.say(&cid, &ann, photo, None, &[&ann]).await;
    world.say(&bob, &ann, photo, Some((own, Some(&ann))), &[]).await;
    world.like_comment(&cid, &ann, &ann, own).await;
    world.say(&cid, &ann, photo, Some((path, Some(&bob))), &[]).await;
    let events = happened(&world).await;
    assert!(deliver(&world, &events).await.is_empty());
    assert_eq!((listed(&world, &ann).await, unread(&world, &ann).await), (told, 1));
    assert_eq!(sentences(&world, &bob).await, ["cid replied to your comment"]);
    // What she is told of elsewhere, and what is taken back here, comes as ever.
    world.say(&cid, &bob, other, None, &[&ann]).await;
    world.unlike(&cid, photo).await;
    settle(&world).await;
    assert_eq!(sentences(&world, &ann).await, ["cid mentioned you in a comment"]);
    world.mute_photo(&ann, photo, false).await;
    world.clock.advance(Duration::from_mins(1));
    let dan = world.person("dan").await;
    let liked = like(&world, &ann, photo, &dan).await;
    assert!(deliver(&world, &[liked]).await.is_empty());
    assert_eq!(sentences(&world, &ann).await, ["dan liked your photo", "cid mentioned you in a comment"]);
}
