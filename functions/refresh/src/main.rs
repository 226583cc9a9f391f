//! Lambda entry point of `refresh`.

use refresh::{Config, RefreshHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("refresh").await?;
    let config = Config::from_env()?;
    let verifier = tokens::verifier(&aws, &config.table_name, &config.cdn_url).await;
    runtime::http::run(RefreshHandler::connect(&config, &aws), verifier, &aws).await
}
