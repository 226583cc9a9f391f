//! `live-disconnect`: forgets a socket that has ended, and what it watches.
//!
//! - **Trigger**: API Gateway, route `$disconnect`. It is tried once, and throttled: after a storm of them some
//!   are never told.
//! - **Access patterns**: one delete, and one of its watch of a photo. Where no other socket ends later, one query of the others and one update of the
//!   reader's state.
//! - **Emits**: nothing.
//! - **Redelivery**: a socket that is forgotten already stays forgotten.
//! - **Failures**: the item stays until a hint finds the socket gone, or for two hours. Nobody waits for it.

use runtime::socket::{Answer, Event};
use runtime::{Aws, metrics};
use table::{Table, live};

runtime::config! {
    /// Settings of `live-disconnect`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
    }
}

/// Handles ends of sockets.
pub struct LiveDisconnectHandler {
    table: Table,
}

impl LiveDisconnectHandler {
    /// Connects to the table.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        Self::new(Table::new(aws.dynamodb(), &config.table_name))
    }

    /// Creates the handler for sockets that are noted in `table`.
    pub fn new(table: Table) -> Self {
        Self { table }
    }
}

impl runtime::socket::Handler for LiveDisconnectHandler {
    type Error = table::Error;

    async fn handle(&self, event: Event) -> Result<Answer, table::Error> {
        if let Event::Closed(connection) = event {
            live::close(&self.table, connection.opener.user_id, &connection.id).await?;
            metrics::count("sockets_closed", 1);
        }
        Ok(Answer::Done)
    }
}
