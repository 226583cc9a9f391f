//! Lambda entry point of `circle`.

use circle::{CircleHandler, Config};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("circle").await?;
    let config = Config::from_env()?;
    let verifier = tokens::verifier(&aws, &config.table_name, &config.cdn_url).await;
    runtime::http::run(CircleHandler::connect(&config, &aws), verifier, &aws).await
}
