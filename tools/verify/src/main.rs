//! Command line of `verify`. It counts a table, prints what is wrong with it and, as the last line,
//! `N counters, D drifted`.
//!
//! It exits with 0 when all is well, with 1 when something has drifted, and with 2 when the table could not
//! be read or not everything was decided.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_sdk_dynamodb::Client;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use clap::Parser;
use domain::Clock;
use runtime::SystemClock;
use runtime::failure::Chain;
use verify::{Options, Outputs, Report};

/// Counts every edge of a table and compares every counter with them. Reads only.
///
/// Region, credentials and endpoint come from the environment, in the variables that every AWS client reads.
#[derive(Parser)]
#[command(name = "verify")]
struct Arguments {
    /// Name of the table.
    #[arg(long)]
    table: String,
    /// Where the table's service is, if not where the region says.
    #[arg(long)]
    endpoint_url: Option<String>,
    /// Parts of the table read at once.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    segments: u32,
    /// Most read request units a second that scanning uses [default: as many as the table gives]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Seconds to wait before looking once more at what differs; longer than the stream takes to be derived.
    #[arg(long, default_value_t = 5)]
    patience: u64,
    /// Where to write the requests to `sweep` that put right what was found, a line of JSON each.
    #[arg(long)]
    repairs: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(report) => ExitCode::from(report.exit_code()),
        Err(error) => {
            let _ = writeln!(io::stderr(), "{}", Chain(error.as_ref()));
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> Result<Report, Box<dyn std::error::Error>> {
    let client = client(arguments.endpoint_url).await;
    let options = Options {
        segments: arguments.segments,
        rate: arguments.rate,
        patience: Duration::from_secs(arguments.patience),
    };
    let mut repairs: Box<dyn Write> = match arguments.repairs {
        Some(path) => Box::new(BufWriter::new(File::create(path)?)),
        None => Box::new(io::sink()),
    };
    let (mut findings, mut progress) = (io::stdout(), io::stderr());
    let outputs = Outputs { findings: &mut findings, repairs: &mut repairs, progress: &mut progress };
    Ok(verify::verify(&client, &arguments.table, &options, SystemClock.now(), outputs).await?)
}

async fn client(endpoint_url: Option<String>) -> Client {
    let http =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let mut config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        // Nobody waits for an answer, and other readers of the table come first.
        .retry_config(RetryConfig::adaptive().with_max_attempts(10));
    if let Some(url) = endpoint_url {
        config = config.endpoint_url(url);
    }
    Client::new(&config.load().await)
}
