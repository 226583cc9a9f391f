//! Lambda entry point of `search`.

use runtime::StartError;
use search::{Config, SearchHandler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("search").await?;
    let config = Config::from_env()?;
    let verifier = tokens::verifier(&aws, &config.table_name, &config.cdn_url).await;
    runtime::http::run(SearchHandler::connect(&config, &aws), verifier, &aws).await
}
