//! A fake of API Gateway's open sockets, which keeps what is sent to each.

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use runtime::socket::{Gateway, Sent, SocketError};
use serde_json::Value;

/// Sockets of clients. Clones are the same sockets.
#[derive(Clone, Debug, Default)]
pub struct OpenSockets(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    open: BTreeMap<String, Vec<Value>>,
    refusals: usize,
}

impl OpenSockets {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a socket.
    pub fn open(&self, connection: &str) {
        self.state().open.insert(connection.to_owned(), Vec::new());
    }

    /// Ends a socket as a client does, of which the table hears nothing.
    pub fn lose(&self, connection: &str) {
        self.state().open.remove(connection);
    }

    /// Removes and returns the messages that an open socket got; `None` if it is not open.
    pub fn take(&self, connection: &str) -> Option<Vec<Value>> {
        self.state().open.get_mut(connection).map(std::mem::take)
    }

    /// Refuses the next `times` calls.
    pub fn fail_next(&self, times: usize) {
        self.state().refusals += times;
    }

    fn answer<T>(&self, answer: impl FnOnce(&mut State) -> T) -> Result<T, SocketError> {
        let mut state = self.state();
        if state.refusals > 0 {
            state.refusals -= 1;
            return Err(SocketError::new("refused by the test"));
        }
        Ok(answer(&mut state))
    }
}

impl Gateway for OpenSockets {
    fn post(
        &self,
        connection: &str,
        message: &str,
    ) -> impl Future<Output = Result<Sent, SocketError>> + Send {
        ready(self.answer(|state| match state.open.get_mut(connection) {
            None => Sent::Gone,
            Some(messages) => {
                messages.push(serde_json::from_str(message).expect("messages are JSON"));
                Sent::Delivered
            }
        }))
    }

    fn close(&self, connection: &str) -> impl Future<Output = Result<(), SocketError>> + Send {
        ready(self.answer(|state| {
            state.open.remove(connection);
        }))
    }
}
