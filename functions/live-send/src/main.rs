//! Lambda entry point of `live-send`.

use live_send::{Config, LiveSendHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start_worker("live-send").await?;
    let config = Config::from_env()?;
    runtime::sqs::run(LiveSendHandler::connect(&config, &aws), &aws).await
}
