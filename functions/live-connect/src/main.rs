//! Lambda entry point of `live-connect`.

use live_connect::{Config, LiveConnectHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("live-connect").await?;
    let config = Config::from_env()?;
    let verifier = tokens::verifier(&aws, &config.table_name, &config.cdn_url).await;
    runtime::socket::run(LiveConnectHandler::connect(&config, verifier, &aws), &aws).await
}
