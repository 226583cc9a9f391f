//! The contestants, and how their processes are started, asked and watched.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::de::DeserializeOwned;

use crate::worker::{Hello, Order, Took};
use crate::{Result, processors};

/// A contestant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contestant {
    /// This project's pipeline.
    Ours,
    /// sharp as it is usually written: a pipeline from the upload for each file.
    SharpUsual,
    /// sharp at its best: decoded once, smaller sizes made of larger ones.
    SharpCascade,
    /// The same with mozjpeg's compression.
    SharpCascadeMozjpeg,
    /// libvips from Python, decoded once.
    Pyvips,
    /// Pillow as it is usually written: every size from the whole picture.
    Pillow,
}

impl Contestant {
    /// All of them, ours first.
    pub const ALL: [Self; 6] = [
        Self::Ours,
        Self::SharpUsual,
        Self::SharpCascade,
        Self::SharpCascadeMozjpeg,
        Self::Pyvips,
        Self::Pillow,
    ];

    /// Returns the name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::SharpUsual => "sharp-usual",
            Self::SharpCascade => "sharp-cascade",
            Self::SharpCascadeMozjpeg => "sharp-cascade-mozjpeg",
            Self::Pyvips => "pyvips",
            Self::Pillow => "pillow",
        }
    }

    fn command(self, place: &Place) -> Command {
        let peers = place.sources.join("peers");
        let sharp = |way: &str| {
            let mut command = Command::new("node");
            command.arg(peers.join("sharp.mjs")).arg(way);
            command
        };
        let python = |script: &str| {
            let mut command = Command::new(place.fetched.join("python/bin/python"));
            command.arg(peers.join(script));
            command
        };
        match self {
            Self::Ours => {
                let mut command = Command::new(&place.program);
                command.arg("worker");
                command
            }
            Self::SharpUsual => sharp("usual"),
            Self::SharpCascade => sharp("cascade"),
            Self::SharpCascadeMozjpeg => sharp("cascade-mozjpeg"),
            Self::Pyvips => python("libvips.py"),
            Self::Pillow => python("pillow.py"),
        }
    }
}

/// Where everything is.
#[derive(Clone, Debug)]
pub struct Place {
    /// The folder of this crate.
    pub sources: PathBuf,
    /// Where `fetch.sh` put what it fetched.
    pub fetched: PathBuf,
    /// This program.
    pub program: PathBuf,
}

impl Place {
    /// The place whose sources and program are these.
    pub fn new(sources: &Path, program: PathBuf) -> Self {
        Self { sources: sources.to_owned(), fetched: sources.join("../../target/bench-media"), program }
    }
}

/// A contestant's process, ready for work.
pub struct Process {
    name: &'static str,
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// What it works with.
    pub versions: String,
}

impl Process {
    /// Starts it with so many processors, and threads where it has to be told.
    pub fn start(contestant: Contestant, place: &Place, threads: usize) -> Result<Self> {
        let mut command = contestant.command(place);
        command
            .env("BENCH_THREADS", threads.to_string())
            .env("BENCH_MODULES", place.fetched.join("npm/"))
            .env("UV_THREADPOOL_SIZE", threads.to_string())
            .env("VIPS_CONCURRENCY", threads.to_string())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = processors::limited_to(threads, || Ok(command.spawn()?))
            .map_err(|error| format!("{} cannot be started: {error}", contestant.name()))?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("a process without pipes".into());
        };
        let answers = BufReader::new(answers);
        let mut process = Self { name: contestant.name(), child, orders, answers, versions: String::new() };
        process.versions = process.answer::<Hello>()?.versions;
        Ok(process)
    }

    /// Has it do the job once, and write the files to a folder if one is named.
    pub fn work(&mut self, photograph: &Path, keep: Option<&Path>) -> Result<Took> {
        let order = Order { photograph: photograph.to_owned(), keep: keep.map(Path::to_owned) };
        writeln!(self.orders, "{}", serde_json::to_string(&order)?)?;
        self.answer()
    }

    /// Returns the most memory it has held so far, in KiB, as the kernel counts it.
    pub fn peak(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        peak_of(&status).ok_or_else(|| "the kernel does not say how much memory a process held".into())
    }

    fn answer<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(format!("{} ended without an answer", self.name).into());
        }
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The bench no longer needs it, so errors do not matter.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn peak_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_word_for_the_peak_is_read() {
        assert_eq!(peak_of("VmPeak:\t  9000 kB\nVmHWM:\t   5120 kB\nVmRSS:\t 40 kB\n"), Some(5120));
        assert_eq!(peak_of("VmPeak:\t  9000 kB\n"), None);
    }
}
