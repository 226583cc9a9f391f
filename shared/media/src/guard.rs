//! Turns a codec's panic into a refusal.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::refusal::Refusal;

/// Returns the result of `work`. If `work` unwinds, returns what `refusal` makes of the panic's message.
///
/// mozjpeg unwinds on every fatal error by design. The other codecs return their errors, but may have bugs:
/// no upload may stop the process.
pub(crate) fn guard<T>(
    work: impl FnOnce() -> Result<T, Refusal>,
    refusal: impl FnOnce(String) -> Refusal,
) -> Result<T, Refusal> {
    // The job ends when `work` unwinds, so nothing reads what it borrowed.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| Err(refusal(words(payload.as_ref()))))
}

/// The message of a panic.
fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("panicked without words").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_refusal_with_its_words() {
        let caught: Result<(), Refusal> =
            guard(|| std::panic::resume_unwind(Box::new("bad marker".to_owned())), Refusal::undecodable);
        assert_eq!(caught, Err(Refusal::undecodable("bad marker")));
    }
}
