//! `live-connect`: opens a socket for who may have one.
//!
//! - **Trigger**: API Gateway, twice for a handshake at `/live`: as authorizer, then as route `$connect`.
//! - **Access patterns**: as authorizer the key of the token's day, which the process keeps, and a get of the
//!   session once a minute and process. Then one query of the user's sockets, one put, and one update of the
//!   reader's state. Of more than ten sockets the oldest is closed and deleted.
//! - **Emits**: nothing.
//! - **Redelivery**: none. A handshake that comes again is another socket.
//! - **Failures**: the handshake is refused with 500, and the client tries again later. What is left in the
//!   table of a handshake that failed after the put expires with it, or when a hint finds it gone.

use std::sync::Arc;

use domain::Clock;
use futures::future::try_join_all;
use runtime::auth::{TokenError, Verifier};
use runtime::socket::{Answer, Connection, Event, Gateway, Handshake, Opener, SocketError, Sockets};
use runtime::{Aws, metrics};
use table::Table;
use table::live::{self, MAX_SOCKETS, Socket};
use tokens::OpenSessions;

runtime::config! {
    /// Settings of `live-connect`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// Address of the web client, whose pages may open sockets by their cookies.
        pub cdn_url: String,
        /// Address of the stage of the WebSocket API.
        pub live_api_url: String,
        /// Whether a client may send its token as a parameter, where logs would have it.
        pub live_query_tokens: bool,
    }
}

/// Handles handshakes.
pub struct LiveConnectHandler<G> {
    table: Table,
    sockets: G,
    verifier: Verifier,
    sessions: OpenSessions,
    query_tokens: bool,
    clock: Arc<dyn Clock>,
}

impl LiveConnectHandler<Sockets> {
    /// Connects to the table and to the sockets.
    pub fn connect(config: &Config, verifier: Verifier, aws: &Aws) -> Self {
        let table = Table::new(aws.dynamodb(), &config.table_name);
        let sockets = Sockets::connect(aws, &config.live_api_url);
        Self::new(table, sockets, verifier, config.live_query_tokens, aws.clock())
    }
}

impl<G: Gateway> LiveConnectHandler<G> {
    /// Creates the handler for sockets that are noted in `table`.
    pub fn new(
        table: Table,
        sockets: G,
        verifier: Verifier,
        query_tokens: bool,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let sessions = OpenSessions::new(table.clone(), clock.clone());
        Self { table, sockets, verifier, sessions, query_tokens, clock }
    }

    /// Returns whether the handshake comes from somebody in an open session who speaks our subprotocol.
    async fn authorize(&self, handshake: &Handshake) -> Result<Answer, NotConnected> {
        let offered = handshake.token(self.query_tokens);
        let verified = self.verifier.opener(|name| handshake.header(name), offered, self.clock.now()).await;
        let opener = match verified {
            Ok(verified) if handshake.is_ours() => Opener::from(verified),
            Ok(_) => return Ok(refused("other subprotocol")),
            Err(TokenError::Unavailable) => return Err(NotConnected::Key(TokenError::Unavailable)),
            Err(error) => return Ok(refused(&error.to_string())),
        };
        if self.sessions.is_open(opener.user_id, &opener.session()).await? {
            Ok(Answer::Allow(opener))
        } else {
            Ok(refused("the session has ended"))
        }
    }

    /// Notes the socket, and makes room for it.
    async fn open(&self, connection: Connection, handshake: &Handshake) -> Result<Answer, NotConnected> {
        let Connection { id, opener } = connection;
        let (user, session, now) = (opener.user_id, opener.session(), self.clock.now());
        let mut others = live::of(&self.table, user, now).await?;
        others.truncate((others.len() + 1).saturating_sub(MAX_SOCKETS));
        try_join_all(others.iter().map(|oldest| async {
            self.sockets.close(&oldest.connection).await?;
            live::close(&self.table, user, &oldest.connection).await?;
            Ok::<_, NotConnected>(())
        }))
        .await?;
        let socket = Socket {
            connection: id,
            opened_at: now,
            session: session.id,
            token_at: session.issued_at,
            watching: None,
        };
        live::open(&self.table, user, &socket).await?;
        metrics::count("sockets_opened", 1);
        Ok(Answer::Open(handshake.protocol()))
    }
}

fn refused(reason: &str) -> Answer {
    metrics::count("sockets_refused", 1);
    tracing::debug!(reason, "handshake refused");
    Answer::Refuse
}

/// Why a socket cannot be opened now.
#[derive(Debug, thiserror::Error)]
pub enum NotConnected {
    /// The table does not answer.
    #[error("the table failed")]
    Table(#[from] table::Error),
    /// The token cannot be verified.
    #[error("the token cannot be verified")]
    Key(#[source] TokenError),
    /// An older socket cannot be closed.
    #[error("an older socket cannot be closed")]
    Socket(#[from] SocketError),
}

impl<G: Gateway> runtime::socket::Handler for LiveConnectHandler<G> {
    type Error = NotConnected;

    async fn handle(&self, event: Event) -> Result<Answer, NotConnected> {
        match event {
            Event::Asked(handshake) => self.authorize(&handshake).await,
            Event::Opened(connection, handshake) => self.open(connection, &handshake).await,
            Event::Said(..) | Event::Closed(_) => Ok(Answer::Done),
        }
    }
}
