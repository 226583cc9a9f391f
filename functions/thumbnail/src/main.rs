//! Lambda entry point of `thumbnail`.

use runtime::StartError;
use thumbnail::{Config, ThumbnailHandler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start_worker("thumbnail").await?;
    let config = Config::from_env()?;
    runtime::sqs::run(ThumbnailHandler::connect(&config, &aws), &aws).await
}
