//! Until when a reader may be connected.
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use domain::{Timestamp, UserId};
use table::live::{self, Socket};
use table::{Table, reader};
use testkit::{Engine, START, session_id};

const LIFE_MS: i64 = 121 * 60_000;

struct World {
    table: Table,
    user: UserId,
    _engine: Engine,
}

impl World {
    async fn new() -> Self {
        let engine = Engine::start().await;
        let table = Table::new(engine.client(), engine.table_name());
        Self { table, user: UserId::floor(START), _engine: engine }
    }

    async fn open(&self, connection: &str, opened_at: Timestamp) {
        let socket = Socket {
            connection: connection.to_owned(),
            opened_at,
            session: session_id(),
            token_at: opened_at,
            watching: None,
        };
        live::open(&self.table, self.user, &socket).await.unwrap();
    }

    async fn close(&self, connection: &str) {
        live::close(&self.table, self.user, connection).await.unwrap();
    }

    async fn until(&self) -> Option<i64> {
        reader::get_latest(&self.table, self.user).await.unwrap().and_then(|reader| reader.connected_until)
    }
}

#[tokio::test]
async fn when_sockets_open_and_end_then_the_reader_is_connected_until_the_last() {
    let world = World::new().await;
    reader::mark_returned(&world.table, world.user, START).await.unwrap();
    assert_eq!(world.until().await, None);
    let (first, second) = (START, START.plus_ms(1_000));
    world.open("c-2", second).await;
    world.open("c-1", first).await;
    assert_eq!(world.until().await, Some(second.0 + LIFE_MS));
    world.close("c-2").await;
    assert_eq!(world.until().await, Some(first.0 + LIFE_MS));
    // It is told again, and changes nothing.
    world.close("c-2").await;
    world.open("c-3", second).await;
    world.close("c-1").await;
    assert_eq!(world.until().await, Some(second.0 + LIFE_MS));
    world.close("c-3").await;
    assert_eq!(world.until().await, None);
}

#[tokio::test]
async fn when_a_reader_has_never_visited_then_no_state_is_made_of_a_socket() {
    let world = World::new().await;
    world.open("c-1", START).await;
    world.close("c-1").await;
    assert!(reader::get_latest(&world.table, world.user).await.unwrap().is_none());
}
