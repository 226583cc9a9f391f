//! Lambda entry point of `follow`.

use follow::{Config, Deps};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("follow").await?;
    let config = Config::from_env()?;
    let verifier = aws.verifier(&config.jwt_key_id).await?;
    runtime::http::run(Deps::connect(&config, &aws), verifier, &aws).await
}
