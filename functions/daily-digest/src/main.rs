//! Lambda entry point of `daily-digest`.

use daily_digest::{Config, DailyDigestHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start_worker("daily-digest").await?;
    let config = Config::from_env()?;
    runtime::task::run(DailyDigestHandler::connect(&config, &aws), &aws).await
}
