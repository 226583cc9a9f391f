//! How far a long command is, said on standard error: a bar on a terminal, in a log a line every ten seconds.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// The pause between two lines of a log.
const PAUSE: Duration = Duration::from_secs(10);
const BAR: &str = "  {prefix:<33} {bar:24} {pos}/{len} {wide_msg}";

/// A part of a command, of which it is known how many steps it has.
pub struct Progress {
    title: String,
    steps: usize,
    done: Cell<usize>,
    began: Instant,
    said: Cell<Instant>,
    bar: ProgressBar,
    log: RefCell<Box<dyn Write>>,
}

impl Progress {
    /// Begins a part of so many steps.
    pub fn new(title: &str, steps: usize) -> Self {
        let bar = ProgressBar::new(u64::try_from(steps).unwrap_or(u64::MAX)).with_prefix(title.to_owned());
        Self::shown(title, steps, bar, Box::new(std::io::stderr()))
    }

    fn shown(title: &str, steps: usize, bar: ProgressBar, log: Box<dyn Write>) -> Self {
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            bar.set_style(style);
        }
        let now = Instant::now();
        Self {
            title: title.to_owned(),
            steps,
            done: Cell::new(0),
            began: now,
            said: Cell::new(now),
            bar,
            log: RefCell::new(log),
        }
    }

    /// Counts a step that was done; `doing` says what it was about.
    pub fn step(&self, doing: &str) {
        self.done.set(self.done.get() + 1);
        self.bar.set_message(doing.to_owned());
        self.bar.inc(1);
        if self.bar.is_hidden() && self.said.get().elapsed() >= PAUSE {
            self.said.set(Instant::now());
            self.say(&format!("{} of {}, {doing}", self.done.get(), self.steps));
        }
    }

    /// A log that cannot be written to is no reason to stop.
    fn say(&self, what: &str) {
        let _ = writeln!(self.log.borrow_mut(), "  {:<33} {what}", self.title);
    }
}

impl Drop for Progress {
    /// Says how long the part took.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        let outcome = if self.done.get() < self.steps { "ended early" } else { "done" };
        self.say(&format!("{outcome:<40}{:7.1} s", self.began.elapsed().as_secs_f64()));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Log {
        fn lines(&self) -> Vec<String> {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
        }
    }

    fn begun(log: &Log) -> Progress {
        Progress::shown("photographs", 3, ProgressBar::hidden(), Box::new(log.clone()))
    }

    #[test]
    fn a_log_has_a_line_every_ten_seconds_and_one_at_the_end() {
        let log = Log::default();
        let progress = begun(&log);
        progress.step("room");
        assert!(log.lines().is_empty());
        progress.said.set(Instant::now().checked_sub(PAUSE).unwrap());
        progress.step("bird");
        progress.step("hill");
        assert_eq!(log.lines(), ["photographs 2 of 3, bird"]);
        drop(progress);
        assert_eq!(log.lines()[1..], ["photographs done 0.0 s"]);
    }

    #[test]
    fn a_part_that_fails_is_not_said_to_be_done() {
        let log = Log::default();
        begun(&log).step("room");
        assert_eq!(log.lines(), ["photographs ended early 0.0 s"]);
    }
}
