//! Lambda entry point of `sweep`.

use runtime::StartError;
use sweep::{Config, SweepHandler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start_worker("sweep").await?;
    let config = Config::from_env()?;
    runtime::task::run(SweepHandler::connect(&config, &aws), &aws).await
}
