//! Lambda entry point of `photo`.

use photo::{Config, PhotoHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("photo").await?;
    let config = Config::from_env()?;
    let verifier = tokens::verifier(&aws, &config.table_name, &config.cdn_url).await;
    runtime::http::run(PhotoHandler::connect(&config, &aws), verifier, &aws).await
}
