//! Lambda entry point of `push`.

use push::{Config, PushHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start_worker("push").await?;
    let config = Config::from_env()?;
    runtime::sqs::run(PushHandler::connect(&config, &aws), &aws).await
}
