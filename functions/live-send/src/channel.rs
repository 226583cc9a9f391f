//! The way to open clients: those of a user, and those that watch a photo.

use std::future::Future;

use api::InSession;
use domain::{Clock, PhotoId, UserId};
use futures::future::try_join_all;
use runtime::metrics;
use runtime::socket::{Gateway, Sent, SocketError};
use std::sync::Arc;
use table::Table;
use table::live::{self, Socket};
use table::watch::{self, Watcher};
use tokens::OpenSessions;

/// A way to the open clients of a user.
///
/// Sockets of API Gateway are known one by one. A service that passes on what is published under a user's name, such
/// as `AppSync` Events, has an audience whoever listens.
pub trait Channel: Send + Sync {
    /// Who of a user's clients are reached.
    type Audience: Send + Sync;

    /// Returns the audience of a user; `None` where nobody listens, so that nothing need be read for them.
    fn audience(
        &self,
        user: UserId,
    ) -> impl Future<Output = Result<Option<Self::Audience>, ChannelError>> + Send;

    /// Returns who watches a photo, and the audience of each. Somebody may be in it more than once.
    fn watchers(
        &self,
        photo: PhotoId,
    ) -> impl Future<Output = Result<Vec<(UserId, Self::Audience)>, ChannelError>> + Send;

    /// Sends a message to the audience of a user. After an error some may have it, and a retry sends it again.
    fn send(
        &self,
        user: UserId,
        audience: &Self::Audience,
        message: &str,
    ) -> impl Future<Output = Result<(), ChannelError>> + Send;
}

/// A message cannot be sent now.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// The table does not answer.
    #[error("the table failed")]
    Table(#[from] table::Error),
    /// A socket cannot be written to.
    #[error("a socket cannot be written to")]
    Socket(#[from] SocketError),
}

/// The sockets of a WebSocket API, which are noted in the table.
pub struct NotedSockets<G> {
    table: Table,
    gateway: G,
    sessions: OpenSessions,
    clock: Arc<dyn Clock>,
}

impl<G: Gateway> NotedSockets<G> {
    /// Returns the sockets that are noted in `table`, which `gateway` writes to.
    pub fn new(table: Table, gateway: G, clock: Arc<dyn Clock>) -> Self {
        let sessions = OpenSessions::new(table.clone(), clock.clone());
        Self { table, gateway, sessions, clock }
    }

    async fn send_to(&self, user: UserId, socket: &Socket, message: &str) -> Result<(), ChannelError> {
        let session = InSession { id: socket.session.clone(), issued_at: socket.token_at };
        let connection = &socket.connection;
        if !self.sessions.is_open(user, &session).await? {
            self.gateway.close(connection).await?;
            metrics::count("sockets_of_ended_sessions", 1);
        } else if self.gateway.post(connection, message).await? == Sent::Delivered {
            metrics::count("hints_sent", 1);
            return Ok(());
        } else {
            metrics::count("hints_gone", 1);
        }
        live::close(&self.table, user, connection).await?;
        // A socket that ended while its watch began is noted there alone.
        if let Some(photo) = socket.watching {
            watch::forget(&self.table, photo, connection).await?;
        }
        Ok(())
    }
}

impl<G: Gateway> Channel for NotedSockets<G> {
    type Audience = Vec<Socket>;

    async fn audience(&self, user: UserId) -> Result<Option<Vec<Socket>>, ChannelError> {
        let sockets = live::of(&self.table, user, self.clock.now()).await?;
        Ok((!sockets.is_empty()).then_some(sockets))
    }

    async fn watchers(&self, photo: PhotoId) -> Result<Vec<(UserId, Vec<Socket>)>, ChannelError> {
        let watchers = watch::watchers(&self.table, photo, self.clock.now()).await?;
        Ok(watchers.into_iter().map(|Watcher { user, socket }| (user, vec![socket])).collect())
    }

    async fn send(&self, user: UserId, audience: &Vec<Socket>, message: &str) -> Result<(), ChannelError> {
        try_join_all(audience.iter().map(|socket| self.send_to(user, socket, message))).await.map(drop)
    }
}
