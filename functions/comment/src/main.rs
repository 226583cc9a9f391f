//! Lambda entry point of `comment`.

use comment::{CommentHandler, Config};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("comment").await?;
    let config = Config::from_env()?;
    let verifier = tokens::verifier(&aws, &config.table_name, &config.cdn_url).await;
    runtime::http::run(CommentHandler::connect(&config, &aws), verifier, &aws).await
}
