//! Lambda entry point of `fanout`.

use fanout::{Config, FanoutHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start_worker("fanout").await?;
    let config = Config::from_env()?;
    runtime::sqs::run(FanoutHandler::connect(&config, &aws), &aws).await
}
