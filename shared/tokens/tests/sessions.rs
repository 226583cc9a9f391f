//! Whether sessions are open, on the real table engine.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::time::Duration;

use api::{Call, Caller, InSession, Parts, Problem};
use domain::session::SessionId;
use domain::{Clock, Timestamp, UserId};
use table::Table;
use testkit::{ATTEMPTS, Engine, Fault, ManualClock, OldSession};
use tokens::OpenSessions;

struct World {
    engine: Engine,
    table: Table,
    clock: ManualClock,
    sessions: OpenSessions,
}

impl World {
    async fn new() -> Self {
        let (engine, clock) = (Engine::start().await, ManualClock::new());
        let table = Table::new(engine.client(), engine.table_name());
        let sessions = OpenSessions::new(table.clone(), clock.shared());
        Self { engine, table, clock, sessions }
    }

    async fn session(&self) -> OldSession {
        let session = OldSession::open(&self.table, &self.clock, &ada()).await;
        self.engine.reset_usage();
        session
    }

    /// Checks a session with a token of a minute ago; returns status and code if it is refused.
    async fn check(&self, session: &SessionId) -> Option<(u16, &'static str)> {
        self.check_of(session, self.clock.now().plus_ms(-60_000)).await
    }

    async fn check_of(&self, session: &SessionId, issued_at: Timestamp) -> Option<(u16, &'static str)> {
        let made_in = InSession { id: session.clone(), issued_at };
        let call = Call::new(Parts::default(), Ok(ada())).in_session(Some(made_in));
        self.sessions.check(&call).await.err().map(|problem| (problem.status(), problem.code()))
    }

    fn cost(&self) -> (u32, f64) {
        let usage = self.engine.usage();
        self.engine.reset_usage();
        (usage.requests, usage.read_units)
    }
}

fn ada() -> Caller {
    Caller { user_id: UserId::try_from(42).unwrap(), username: "ada".to_owned() }
}

const ENDED: Option<(u16, &str)> = Some((401, "session_ended"));

#[tokio::test]
async fn an_open_session_is_read_once_a_minute() {
    let world = World::new().await;
    let session = world.session().await;
    for _ in 0..3 {
        assert_eq!(world.check(&session.id).await, None);
    }
    world.clock.advance(Duration::from_millis(54_999));
    assert_eq!(world.check(&session.id).await, None);
    assert_eq!(world.cost(), (1, 0.5));
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.check(&session.id).await, None);
    assert_eq!(world.cost(), (1, 0.5));
}

#[tokio::test]
async fn an_ended_session_is_refused_within_a_minute_and_for_good() {
    let world = World::new().await;
    let session = world.session().await;
    assert_eq!(world.check(&session.id).await, None);
    session.end(&world.table).await;
    assert_eq!(world.check(&session.id).await, None, "it was open a moment ago");
    world.clock.advance(Duration::from_secs(55));
    world.engine.reset_usage();
    let (refused, counted) = runtime::metrics::counted(world.check(&session.id)).await;
    assert_eq!((refused, counted["ended_sessions_refused"]), (ENDED, 1));
    assert_eq!(world.cost(), (2, 1.5), "it is looked for twice");
    for _ in 0..3 {
        world.clock.advance(Duration::from_mins(5));
        assert_eq!(world.check(&session.id).await, ENDED);
    }
    assert_eq!(world.cost(), (0, 0.0), "what has ended is remembered");
}

#[tokio::test]
async fn a_token_that_was_just_issued_proves_its_session() {
    let world = World::new().await;
    let session = world.session().await;
    session.end(&world.table).await;
    world.engine.reset_usage();
    let ago = |ms: i64| world.clock.now().plus_ms(-ms);
    assert_eq!(world.check_of(&session.id, ago(54_999)).await, None);
    assert_eq!(world.cost(), (0, 0.0));
    assert_eq!(world.check_of(&session.id, ago(55_000)).await, ENDED);
}

#[tokio::test]
async fn a_session_that_has_expired_or_is_anothers_is_ended() {
    let world = World::new().await;
    let session = world.session().await;
    let bob = Caller { user_id: UserId::try_from(43).unwrap(), username: "bob".to_owned() };
    let issued_at = world.clock.now().plus_ms(-60_000);
    let made_in = InSession { id: session.id.clone(), issued_at };
    let call = Call::new(Parts::default(), Ok(bob)).in_session(Some(made_in));
    assert_eq!(world.sessions.check(&call).await.unwrap_err().code(), "session_ended");
    assert_eq!(world.check(&session.id).await, None);
    // TTL deletes late, so the item still exists.
    world.clock.advance_days(30);
    assert_eq!(world.check(&session.id).await, ENDED);
}

#[tokio::test]
async fn without_the_table_no_session_is_open_or_ended() {
    let world = World::new().await;
    let session = world.session().await;
    world.engine.fail_next("GetItem", ATTEMPTS, Fault::Throttled);
    assert_eq!(world.check(&session.id).await, Some((503, "temporarily_unavailable")));
    assert_eq!(world.check(&session.id).await, None, "the failure is not remembered");
    // While it is remembered to be open, the table is not asked.
    world.engine.fail_next("GetItem", ATTEMPTS, Fault::Throttled);
    assert_eq!(world.check(&session.id).await, None);
}

#[tokio::test]
async fn without_a_caller_there_is_no_session() {
    let world = World::new().await;
    let missing = Problem::unauthorized("token_missing", "Send an access token.");
    let call = Call::new(Parts::default(), Err(missing));
    assert_eq!(world.sessions.check(&call).await.unwrap_err().code(), "token_missing");
}
