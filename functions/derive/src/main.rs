//! Lambda entry point of `derive`.

use derive::{Config, DeriveHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start_stream("derive").await?;
    let config = Config::from_env()?;
    runtime::stream_or_queue::run(DeriveHandler::connect(&config, &aws), &aws).await
}
