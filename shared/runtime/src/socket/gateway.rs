//! Writing to open sockets, through API Gateway.

use std::future::Future;

use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::config::Builder;
use aws_sdk_apigatewaymanagement::operation::delete_connection::DeleteConnectionError;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;

use crate::Aws;

/// A writer to open sockets.
pub trait Gateway: Send + Sync {
    /// Sends a message to a socket.
    fn post(&self, connection: &str, message: &str)
    -> impl Future<Output = Result<Sent, SocketError>> + Send;

    /// Ends a socket. One that has ended already is none.
    fn close(&self, connection: &str) -> impl Future<Output = Result<(), SocketError>> + Send;
}

/// The outcome of sending a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// API Gateway has it.
    Delivered,
    /// The socket has ended.
    Gone,
}

/// A socket was not reached.
#[derive(Debug, thiserror::Error)]
#[error("cannot reach the socket")]
pub struct SocketError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl SocketError {
    /// Returns the error with its cause.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// The sockets of a WebSocket API.
#[derive(Clone, Debug)]
pub struct Sockets(Client);

impl Sockets {
    /// Returns the sockets of the API whose stage is at `url`.
    pub fn connect(aws: &Aws, url: &str) -> Self {
        Self(Client::from_conf(Builder::from(aws.sdk_config()).endpoint_url(url).build()))
    }
}

impl Gateway for Sockets {
    async fn post(&self, connection: &str, message: &str) -> Result<Sent, SocketError> {
        let request = self.0.post_to_connection().connection_id(connection).data(Blob::new(message));
        match request.send().await {
            Ok(_) => Ok(Sent::Delivered),
            Err(error) if error.as_service_error().is_some_and(PostToConnectionError::is_gone_exception) => {
                Ok(Sent::Gone)
            }
            Err(error) => Err(SocketError::new(error)),
        }
    }

    async fn close(&self, connection: &str) -> Result<(), SocketError> {
        match self.0.delete_connection().connection_id(connection).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(DeleteConnectionError::is_gone_exception) => {
                Ok(())
            }
            Err(error) => Err(SocketError::new(error)),
        }
    }
}
