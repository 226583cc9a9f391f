//! One job in a process of its own.
//!
//! This program starts itself again with the one test below, which asks for little memory and little time
//! before it reads the file from its standard input.

use std::env;
use std::fmt;
use std::fs;
use std::io::{Read, Write, stdin};
use std::process::{Command, Stdio};

use media::Limits;
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

/// Address space of the process, its own code and libraries included.
const MEMORY: u64 = 896 * 1024 * 1024;
/// Processor time.
const SECONDS: u64 = 20;

/// What stands before the line the child answers with; the rest of its output is the test harness's.
const ANSWER: &str = "answer ";

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// In renditions of a picture of this width, height and perceptual hash.
    Picture(u32, u32, u64),
    /// In a refusal of this name.
    Refused(String),
    /// In neither: killed or crashed. What the process said last.
    Died(String),
}

/// A job that ended, and what it took.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) end: End,
    /// Processor time in milliseconds.
    cpu_ms: u64,
    /// Most address space, in megabytes.
    peak_mb: u64,
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match &self.end {
            End::Picture(width, height, _) => format!("{width}x{height}"),
            End::Refused(code) => code.clone(),
            End::Died(_) => "DIED".to_owned(),
        };
        write!(f, "{end:<22}{:>6} ms{:>5} MB", self.cpu_ms, self.peak_mb)
    }
}

/// Runs the job over a file.
pub(crate) fn run(file: &[u8]) -> Job {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["child::job", "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A child that dies before it has read everything is found out below.
    let _ = child.stdin.take().unwrap().write_all(file);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    match said.lines().find_map(|line| line.split_once(ANSWER)) {
        Some((_, answer)) if output.status.success() => Job::parse(answer).expect(answer),
        _ => {
            let last = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Job { end: End::Died(format!("{}: {last}", output.status)), cpu_ms: 0, peak_mb: 0 }
        }
    }
}

impl Job {
    fn parse(answer: &str) -> Option<Self> {
        let mut words = answer.split(' ');
        let end = match words.next()? {
            "picture" => {
                let mut number = || words.next()?.parse::<u64>().ok();
                let [width, height, hash] = [number()?, number()?, number()?];
                End::Picture(u32::try_from(width).ok()?, u32::try_from(height).ok()?, hash)
            }
            "refused" => End::Refused(words.next()?.to_owned()),
            _ => return None,
        };
        Some(Self { end, cpu_ms: words.next()?.parse().ok()?, peak_mb: words.next()?.parse().ok()? })
    }
}

#[test]
#[ignore = "the other tests start it, each in a process of its own"]
fn job() {
    let most = |amount| Rlimit { current: Some(amount), maximum: Some(amount) };
    setrlimit(Resource::As, most(MEMORY)).unwrap();
    setrlimit(Resource::Cpu, most(SECONDS)).unwrap();
    // As large as a file may be, so that it does not move while it grows.
    let mut file = Vec::with_capacity(Limits::default().bytes);
    stdin().read_to_end(&mut file).unwrap();
    let end = match media::process(&file, &Limits::default()) {
        Ok(renditions) => {
            assert_eq!(renditions.files.len(), 6);
            format!("picture {} {} {}", renditions.width, renditions.height, renditions.phash)
        }
        Err(refusal) => {
            assert!(!refusal.detail().is_empty());
            format!("refused {}", refusal.code())
        }
    };
    println!("{ANSWER}{end} {} {}", cpu_ms(), peak_mb());
}

/// What this process has taken of the processor.
fn cpu_ms() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    u64::try_from(time.tv_sec).unwrap() * 1000 + u64::try_from(time.tv_nsec).unwrap() / 1_000_000
}

/// The most address space this process ever had.
fn peak_mb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmPeak:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}
