//! Requests to follow, and acceptances.

use api::Caller;
use domain::Clock;
use domain::inbox::Subject;
use messages::Event;
use testkit::{Fault, World};

use crate::{deliver, happened, inbox, orders, read_all, sentences, settle, unread};

/// Ann, whose account is private, and Bob.
async fn scene() -> (World, Caller, Caller) {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.switch(&ann, true).await;
    world.derive().await;
    (world, ann, bob)
}

#[tokio::test]
async fn when_a_request_is_accepted_then_it_goes_and_both_are_told() {
    let (world, ann, bob) = scene().await;
    assert!(world.ask(&bob, &ann).await);
    settle(&world).await;
    assert_eq!(sentences(&world, &ann).await, ["bob asked to follow you"]);
    // Bob reads his inbox a day later, and is accepted on the day after that.
    world.clock.advance_days(1);
    read_all(&world, &bob).await;
    world.clock.advance_days(1);
    assert!(world.answer(&ann, &bob, true).await);
    let accepted_at = world.clock.now();
    settle(&world).await;
    assert_eq!(sentences(&world, &ann).await, ["bob started following you"]);
    let [(id, row)] = inbox(&world, &bob).await.try_into().unwrap();
    assert_eq!(
        (id.subject, row.message(id.subject).as_str()),
        (Subject::Acceptance, "ann accepted your request to follow them")
    );
    assert_eq!((row.actors[0].at, unread(&world, &bob).await), (accepted_at, 1));

    // With the follow the acceptance goes. A follow that nobody has to accept does not bring it back.
    assert!(world.unfollow(&bob, &ann).await);
    settle(&world).await;
    assert_eq!((inbox(&world, &ann).await.len(), inbox(&world, &bob).await.len()), (0, 0));
    assert!(world.follow(&bob, &ann).await);
    let mut events = happened(&world).await;
    events.push(Event::RequestAccepted { user_id: ann.user_id, asker_id: bob.user_id });
    assert!(deliver(&world, &events).await.is_empty());
    assert!(inbox(&world, &bob).await.is_empty());
}

#[tokio::test]
async fn when_a_request_is_withdrawn_or_declined_then_its_row_goes_in_any_order() {
    for withdrawn in [true, false] {
        let (world, ann, bob) = scene().await;
        assert!(world.ask(&bob, &ann).await);
        settle(&world).await;
        let told = inbox(&world, &ann).await;
        assert_eq!((told.len(), unread(&world, &ann).await), (1, 1));
        if withdrawn {
            table::request::withdraw(&world.table, bob.user_id, ann.user_id).await.unwrap();
        } else {
            assert!(world.answer(&ann, &bob, false).await);
        }
        let mut events = happened(&world).await;
        events.push(Event::RequestAdded {
            asker_id: bob.user_id,
            asker_name: bob.username.clone(),
            user_id: ann.user_id,
            at: world.clock.now(),
        });
        for events in orders(&events) {
            assert!(deliver(&world, &events).await.is_empty());
            assert_eq!((inbox(&world, &ann).await.len(), inbox(&world, &bob).await.len()), (0, 0));
        }
        // Whoever asks again is back where they were, and is not new.
        world.clock.advance_days(1);
        assert!(world.ask(&bob, &ann).await);
        settle(&world).await;
        assert_eq!(inbox(&world, &ann).await, told);
    }
}

#[tokio::test]
async fn when_the_account_is_public_by_then_the_asker_is_told_of_the_acceptance() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.derive().await;
    assert!(world.ask(&bob, &ann).await);
    let asked_at = world.clock.now();
    let mut events = happened(&world).await;
    events.reverse();
    for _ in 0..2 {
        assert!(deliver(&world, &events).await.is_empty());
        assert_eq!(sentences(&world, &ann).await, ["bob started following you"]);
        let [(_, row)] = inbox(&world, &bob).await.try_into().unwrap();
        assert_eq!(row.actors[0].at, asked_at);
    }
}

#[tokio::test]
async fn when_a_block_hides_the_asker_then_no_request_is_told_and_its_row_goes() {
    let (world, ann, bob) = scene().await;
    assert!(world.ask(&bob, &ann).await);
    settle(&world).await;
    assert!(world.block(&ann, &bob).await);
    settle(&world).await;
    assert!(inbox(&world, &ann).await.is_empty());
    // A request that was on its way is told of to nobody, before and after it is ended.
    assert!(world.ask(&bob, &ann).await);
    let asked = Event::RequestAdded {
        asker_id: bob.user_id,
        asker_name: bob.username.clone(),
        user_id: ann.user_id,
        at: world.clock.now(),
    };
    assert!(deliver(&world, &[asked]).await.is_empty());
    assert!(inbox(&world, &ann).await.is_empty());
    settle(&world).await;
    assert!(inbox(&world, &ann).await.is_empty());
}

#[tokio::test]
async fn when_a_follow_by_acceptance_is_blocked_then_neither_is_told_of_it() {
    let (world, ann, bob) = scene().await;
    assert!(world.ask(&bob, &ann).await);
    settle(&world).await;
    assert!(world.answer(&ann, &bob, true).await);
    settle(&world).await;
    assert_eq!((inbox(&world, &ann).await.len(), inbox(&world, &bob).await.len()), (1, 1));
    assert!(world.block(&bob, &ann).await);
    settle(&world).await;
    assert_eq!((inbox(&world, &ann).await.len(), inbox(&world, &bob).await.len()), (0, 0));
}

#[tokio::test]
async fn when_the_function_dies_after_telling_of_a_request_then_a_retry_changes_nothing() {
    let (world, ann, bob) = scene().await;
    assert!(world.ask(&bob, &ann).await);
    let events = happened(&world).await;
    world.engine.fail_next("TransactWriteItems", 1, Fault::Crash);
    assert_eq!(deliver(&world, &events).await, ["message-0"]);
    assert!(deliver(&world, &events).await.is_empty());
    assert_eq!(inbox(&world, &ann).await[0].1.actor_count, 1);
}

#[tokio::test]
async fn a_request_and_an_acceptance_stay_within_their_budgets() {
    let (world, ann, bob) = scene().await;
    assert!(world.ask(&bob, &ann).await);
    let [asked] = &happened(&world).await[..] else { panic!("one event") };
    let mut budget = Vec::new();
    let mut measure = async |event: &Event| {
        world.engine.reset_usage();
        assert!(deliver(&world, std::slice::from_ref(event)).await.is_empty());
        let usage = world.engine.usage();
        budget.push((usage.read_units, usage.write_units));
    };
    // Edge, circle, marker, places, state, all written, edge and circle again.
    measure(asked).await;
    assert!(world.answer(&ann, &bob, true).await);
    world.derive().await;
    let (user_id, asker_id) = (ann.user_id, bob.user_id);
    measure(&Event::RequestRemoved { user_id, asker_id }).await;
    // The name of who accepted is read, too.
    measure(&Event::RequestAccepted { user_id, asker_id }).await;
    assert_eq!(budget, [(6.0, 8.0), (6.0, 6.0), (7.0, 8.0)]);
}
