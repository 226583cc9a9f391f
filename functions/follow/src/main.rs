//! Lambda entry point of `follow`.

use follow::{Config, FollowHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("follow").await?;
    let config = Config::from_env()?;
    let verifier = tokens::verifier(&aws, &config.table_name, &config.cdn_url).await;
    runtime::http::run(FollowHandler::connect(&config, &aws), verifier, &aws).await
}
