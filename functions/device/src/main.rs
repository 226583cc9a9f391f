//! Lambda entry point of `device`.

use device::{Config, DeviceHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("device").await?;
    let config = Config::from_env()?;
    let verifier = tokens::verifier(&aws, &config.table_name, &config.cdn_url).await;
    runtime::http::run(DeviceHandler::connect(&config, &aws), verifier, &aws).await
}
