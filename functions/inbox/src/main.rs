//! Lambda entry point of `inbox`.

use inbox::{Config, InboxHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("inbox").await?;
    let config = Config::from_env()?;
    let verifier = tokens::verifier(&aws, &config.table_name, &config.cdn_url).await;
    runtime::http::run(InboxHandler::connect(&config, &aws), verifier, &aws).await
}
