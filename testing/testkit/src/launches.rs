//! A fake workflow that records what it is started with.

use std::future::{Future, ready};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use runtime::workflow::{LaunchError, Launcher};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A workflow that runs nothing. Clones are the same workflow.
#[derive(Clone, Debug, Default)]
pub struct Launches(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    started: Vec<(String, Value)>,
    taken: usize,
    refusals: usize,
}

impl Launches {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the starts since the last call, by name, in order.
    pub fn take<I: DeserializeOwned>(&self) -> Vec<(String, I)> {
        let mut state = self.state();
        let new = state.started.iter().skip(state.taken);
        let new = new.map(|(name, input)| {
            (name.clone(), serde_json::from_value(input.clone()).expect("the workflow's input"))
        });
        let new = new.collect();
        state.taken = state.started.len();
        new
    }

    /// Refuses the next `times` starts.
    pub fn fail_next(&self, times: usize) {
        self.state().refusals += times;
    }

    fn start(&self, name: &str, input: &impl Serialize) -> Result<(), LaunchError> {
        let mut state = self.state();
        if state.refusals > 0 {
            state.refusals -= 1;
            return Err(LaunchError::new("refused by the test"));
        }
        if !state.started.iter().any(|(known, _)| known == name) {
            let input = serde_json::to_value(input).map_err(LaunchError::new)?;
            state.started.push((name.to_owned(), input));
        }
        Ok(())
    }
}

impl Launcher for Launches {
    fn launch<I: Serialize + Sync>(
        &self,
        name: &str,
        input: &I,
    ) -> impl Future<Output = Result<(), LaunchError>> + Send {
        ready(self.start(name, input))
    }
}
