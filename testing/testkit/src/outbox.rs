//! A fake queue that keeps what is sent to it.

use std::future::{Future, ready};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use messages::Grouped;
use runtime::queue::{SendError, Sender};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A queue that nobody reads. Clones are the same queue.
#[derive(Clone, Debug, Default)]
pub struct Outbox(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    sent: Vec<Value>,
    delays: Vec<u32>,
    refusals: usize,
}

impl Outbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes and returns the messages sent so far, in order.
    pub fn take<M: DeserializeOwned>(&self) -> Vec<M> {
        let sent = std::mem::take(&mut self.state().sent);
        sent.into_iter().map(|message| serde_json::from_value(message).expect("a message")).collect()
    }

    /// Removes and returns after how many seconds the messages sent so far are delivered, for those that wait.
    pub fn take_delays(&self) -> Vec<u32> {
        std::mem::take(&mut self.state().delays)
    }

    /// Refuses the next `times` sendings.
    pub fn fail_next(&self, times: usize) {
        self.state().refusals += times;
    }

    fn accept<M: Serialize>(&self, messages: &[M]) -> Result<(), SendError> {
        let mut state = self.state();
        if state.refusals > 0 {
            state.refusals -= 1;
            return Err(SendError::new("refused by the test"));
        }
        for message in messages {
            state.sent.push(serde_json::to_value(message).map_err(SendError::new)?);
        }
        Ok(())
    }
}

impl Sender for Outbox {
    fn send<M: Grouped + Serialize + Sync>(
        &self,
        messages: &[M],
    ) -> impl Future<Output = Result<(), SendError>> + Send {
        ready(self.accept(messages))
    }

    fn send_later<M: Grouped + Serialize + Sync>(
        &self,
        message: &M,
        seconds: u32,
    ) -> impl Future<Output = Result<(), SendError>> + Send {
        let accepted = self.accept(std::slice::from_ref(message));
        if accepted.is_ok() {
            self.state().delays.push(seconds);
        }
        ready(accepted)
    }
}
