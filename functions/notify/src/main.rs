//! Lambda entry point of `notify`.

use notify::{Config, NotifyHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start_worker("notify").await?;
    let config = Config::from_env()?;
    runtime::sqs::run(NotifyHandler::connect(&config, &aws), &aws).await
}
