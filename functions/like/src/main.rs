//! Lambda entry point of `like`.

use like::{Config, LikeHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("like").await?;
    let config = Config::from_env()?;
    let verifier = aws.verifier(&config.jwt_key_id).await?;
    runtime::http::run(LikeHandler::connect(&config, &aws), verifier, &aws).await
}
