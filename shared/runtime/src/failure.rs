//! How a failure is logged: once, at the boundary, with all its causes.

use std::error::Error;
use std::fmt;

/// Shows an error and its causes on one line: `cannot write the like: service error: throttled`.
#[derive(Clone, Copy)]
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.to_string();
        f.write_str(&shown)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Many errors repeat their cause in their own text. It is written once.
            if !shown.ends_with(&text) {
                write!(f, ": {text}")?;
            }
            shown = text;
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot write the like")]
    struct Outer(#[source] Middle);
    #[derive(Debug, thiserror::Error)]
    #[error("service error: throttled")]
    struct Middle(#[source] Inner);
    #[derive(Debug, thiserror::Error)]
    #[error("throttled")]
    struct Inner;

    #[test]
    fn shows_every_cause_once() {
        assert_eq!(
            Chain(&Outer(Middle(Inner))).to_string(),
            "cannot write the like: service error: throttled"
        );
    }
}
