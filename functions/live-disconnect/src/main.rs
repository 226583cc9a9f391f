//! Lambda entry point of `live-disconnect`.

use live_disconnect::{Config, LiveDisconnectHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("live-disconnect").await?;
    let config = Config::from_env()?;
    runtime::socket::run(LiveDisconnectHandler::connect(&config, &aws), &aws).await
}
