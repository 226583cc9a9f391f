//! Lambda entry point of `register`.

use register::{Config, RegisterHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("register").await?;
    let deps = RegisterHandler::connect(&Config::from_env()?, &aws);
    runtime::http::run_public(deps, &aws).await
}
