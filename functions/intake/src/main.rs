//! Lambda entry point of `intake`.

use intake::{Config, IntakeHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start_worker("intake").await?;
    let config = Config::from_env()?;
    runtime::task::run(IntakeHandler::connect(&config, &aws), &aws).await
}
