//! Lambda entry point of `bell`.

use bell::{BellHandler, Config};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start_worker("bell").await?;
    let config = Config::from_env()?;
    runtime::sqs::run(BellHandler::connect(&config, &aws), &aws).await
}
