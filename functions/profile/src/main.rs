//! Lambda entry point of `profile`.

use profile::{Config, ProfileHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("profile").await?;
    let config = Config::from_env()?;
    let verifier = tokens::verifier(&aws, &config.table_name, &config.cdn_url).await;
    runtime::http::run(ProfileHandler::connect(&config, &aws), verifier, &aws).await
}
