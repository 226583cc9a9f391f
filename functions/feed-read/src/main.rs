//! Lambda entry point of `feed-read`.

use feed_read::{Config, FeedReadHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("feed-read").await?;
    let config = Config::from_env()?;
    let verifier = tokens::verifier(&aws, &config.table_name, &config.cdn_url).await;
    runtime::http::run(FeedReadHandler::connect(&config, &aws), verifier, &aws).await
}
