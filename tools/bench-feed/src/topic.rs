//! A topic that keeps what is published.

use std::sync::{Arc, Mutex, PoisonError};

use derive::{Publisher, Unpublished};
use messages::Event;

/// A topic without subscribers. Clones are the same topic.
#[derive(Clone, Debug, Default)]
pub(crate) struct Topic(Arc<Mutex<Vec<Event>>>);

impl Topic {
    /// Takes out what was published.
    pub(crate) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Publisher for Topic {
    async fn publish(&self, events: &[Event]) -> Result<(), Unpublished> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(events);
        Ok(())
    }
}
