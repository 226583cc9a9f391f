//! A fake topic that keeps what is published.

use std::future::{Future, ready};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use messages::Event;
use runtime::topic::{Publisher, Unpublished};

/// A topic without subscribers. Clones are the same topic.
#[derive(Clone, Debug, Default)]
pub struct Published(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    events: Vec<Event>,
    /// The index of the first event that the next publication refuses.
    refused: Option<usize>,
}

impl Published {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes and returns the events published so far, in order.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.state().events)
    }

    /// Makes the next publication refuse the events from this index on.
    pub fn refuse_from(&self, place: usize) {
        self.state().refused = Some(place);
    }

    fn accept(&self, events: &[Event]) -> Result<(), Unpublished> {
        let mut state = self.state();
        let refused = state.refused.take();
        state.events.extend(events.iter().take(refused.unwrap_or(events.len())).cloned());
        refused.map_or(Ok(()), |place| Err(Unpublished { place, source: "refused by the test".into() }))
    }
}

impl Publisher for Published {
    fn publish(&self, events: &[Event]) -> impl Future<Output = Result<(), Unpublished>> + Send {
        ready(self.accept(events))
    }
}
