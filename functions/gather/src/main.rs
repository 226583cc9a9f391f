//! Lambda entry point of `gather`.

use gather::{Config, GatherHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start_worker("gather").await?;
    let config = Config::from_env()?;
    runtime::task_or_queue::run(GatherHandler::connect(&config, &aws), &aws).await
}
