//! Lambda entry point of `like`.

use like::{Config, LikeHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("like").await?;
    let config = Config::from_env()?;
    let verifier = tokens::verifier(&aws, &config.table_name, &config.cdn_url).await;
    runtime::http::run(LikeHandler::connect(&config, &aws), verifier, &aws).await
}
