//! Lambda entry point of `saved`.

use runtime::StartError;
use saved::{Config, SavedHandler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("saved").await?;
    let config = Config::from_env()?;
    let verifier = tokens::verifier(&aws, &config.table_name, &config.cdn_url).await;
    runtime::http::run(SavedHandler::connect(&config, &aws), verifier, &aws).await
}
