//! Lambda entry point of `login`.

use login::{Config, LoginHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("login").await?;
    let config = Config::from_env()?;
    let verifier = tokens::verifier(&aws, &config.table_name, &config.cdn_url).await;
    runtime::http::run(LoginHandler::connect(&config, &aws), verifier, &aws).await
}
