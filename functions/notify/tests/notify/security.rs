//! What people are told of their own accounts: logins and changed passwords.

use std::time::Duration;

use domain::Clock;
use domain::inbox::Subject;
use messages::Event;
use testkit::{OldSession, World, dies_at};

use crate::told::tells;
use crate::{deliver, happened, listed, sentences, unread};

#[tokio::test]
async fn when_somebody_logs_in_then_each_login_is_told_at_once_and_stays() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    world.clock.advance(Duration::from_mins(1));
    let mut sessions = Vec::new();
    for _ in 0..2 {
        sessions.push(OldSession::open(&world.table, &world.clock, &ann).await);
    }
    let events = happened(&world).await;
    assert_eq!(events.len(), 2, "{events:?}");
    for _ in 0..2 {
        assert!(deliver(&world, &events).await.is_empty());
    }
    let rows = listed(&world, &ann).await;
    let told: Vec<Subject> = rows.iter().rev().map(|row| row.id.subject).collect();
    let opened: Vec<Subject> =
        sessions.iter().map(|session| Subject::Session(session.id.opened_at())).collect();
    assert_eq!((told, unread(&world, &ann).await), (opened, 2));
    for row in &rows {
        assert_eq!((row.row.actor_count, row.row.actors[0].user_id), (1, ann.user_id));
    }
    // Whatever has ended was opened.
    sessions[0].end(&world.table).await;
    assert!(happened(&world).await.is_empty());
    assert!(deliver(&world, &events).await.is_empty());
    assert_eq!(listed(&world, &ann).await, rows);
}

#[tokio::test]
async fn a_notice_of_a_changed_password_stays_within_its_budget() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let changed = [Event::PasswordChanged { user_id: ann.user_id, at: world.clock.now() }];
    for budget in [(8, 5.0, 8.0), (4, 3.0, 0.0)] {
        world.engine.reset_usage();
        assert!(deliver(&world, &changed).await.is_empty());
        let usage = world.engine.usage();
        assert_eq!((usage.round_trips, usage.read_units, usage.write_units), budget, "{usage:?}");
        assert_eq!(sentences(&world, &ann).await, ["Your password was changed"]);
    }
    // Each change is told.
    world.clock.advance(Duration::from_secs(1));
    let again = Event::PasswordChanged { user_id: ann.user_id, at: world.clock.now() };
    assert!(deliver(&world, &[again]).await.is_empty());
    assert_eq!(unread(&world, &ann).await, 2);
}

#[tokio::test]
async fn when_the_function_dies_over_a_notice_then_the_message_tells_it_once() {
    for refused in [false, true] {
        let world = World::new().await;
        let ann = world.person("ann").await;
        let changed = Event::PasswordChanged { user_id: ann.user_id, at: world.clock.now() };
        if !refused {
            world.engine.fail_when(dies_at(1));
        }
        assert_eq!(tells(&world, &changed, refused).await, (true, vec![]));
        world.engine.heal();
        assert_eq!(tells(&world, &changed, false).await, (false, vec![1]));
        assert_eq!((listed(&world, &ann).await.len(), unread(&world, &ann).await), (1, 1));
    }
}
