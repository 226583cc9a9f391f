//! The table of the local cloud: DynamoDB's HTTP API over one SQLite file, on 127.0.0.1.
//!
//! `table-engine <port> <file>`. Every write is on disk before it is answered, so killing the process loses nothing.

use std::error::Error;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dynoxide::Database;
use localstack::stream_log::{RETENTION, StreamLog};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// How often items past their `expires_at` are removed. The cloud promises days; a minute shows it to a developer.
const EXPIRY_INTERVAL: Duration = Duration::from_mins(1);

/// How often the stream is trimmed. The first time comes an hour after the start, so that what was written
/// before a long pause is still delivered.
const TRIM_INTERVAL: Duration = Duration::from_hours(1);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (port, file) = arguments()?;
    let path = file.to_str().ok_or("the path of the file is not UTF-8")?;
    let database = Database::new(path)?;
    let log = StreamLog::open(&file)?;

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    tokio::spawn(every(EXPIRY_INTERVAL, {
        let database = database.clone();
        move || database.sweep_ttl().map(|_| ()).map_err(|error| error.to_string())
    }));
    tokio::spawn(every(TRIM_INTERVAL, move || {
        log.trim(horizon()).map(|_| ()).map_err(|error| error.to_string())
    }));

    let mut terminate = signal(SignalKind::terminate())?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    Ok(dynoxide::server::serve_with_shutdown(listener, database, stop).await?)
}

fn arguments() -> Result<(u16, PathBuf), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(port), Some(file), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: table-engine <port> <file>".into());
    };
    Ok((port.parse()?, Path::new(&file).to_path_buf()))
}

/// Runs blocking upkeep again and again; a failure is reported and tried again the next time.
async fn every(interval: Duration, mut upkeep: impl FnMut() -> Result<(), String>) {
    loop {
        tokio::time::sleep(interval).await;
        if let Err(reason) = tokio::task::block_in_place(&mut upkeep) {
            complain(&reason);
        }
    }
}

#[allow(clippy::print_stderr, reason = "a process of the local cloud: its standard error is its log file")]
fn complain(reason: &str) {
    eprintln!("table-engine: upkeep failed, will try again: {reason}");
}

#[allow(clippy::disallowed_methods, reason = "the engine's own clock, outside every rule of the domain")]
fn horizon() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.saturating_sub(RETENTION).as_secs()).unwrap_or(0)
}
