//! Lambda entry point of `fanout-segment`.

use fanout_segment::{Config, FanoutSegmentHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start_worker("fanout-segment").await?;
    let config = Config::from_env()?;
    runtime::task::run(FanoutSegmentHandler::connect(&config, &aws), &aws).await
}
