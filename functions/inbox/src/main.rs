//! Lambda entry point of `inbox`.

use inbox::{Config, InboxHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("inbox").await?;
    let config = Config::from_env()?;
    let verifier = aws.verifier(&config.jwt_key_id).await?;
    runtime::http::run(InboxHandler::connect(&config, &aws), verifier, &aws).await
}
