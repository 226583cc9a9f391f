//! Lambda entry point of `confirm`.

use confirm::{Config, ConfirmHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("confirm").await?;
    let config = Config::from_env()?;
    let verifier = tokens::verifier(&aws, &config.table_name, &config.cdn_url).await;
    runtime::http::run(ConfirmHandler::connect(&config, &aws), verifier, &aws).await
}
