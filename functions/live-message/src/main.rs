//! Lambda entry point of `live-message`.

use live_message::{Config, LiveMessageHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("live-message").await?;
    let config = Config::from_env()?;
    runtime::socket::run(LiveMessageHandler::connect(&config, &aws), &aws).await
}
