//! Lambda entry point of `backfill`.

use backfill::{BackfillHandler, Config};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start_worker("backfill").await?;
    let config = Config::from_env()?;
    runtime::sqs::run(BackfillHandler::connect(&config, &aws), &aws).await
}
