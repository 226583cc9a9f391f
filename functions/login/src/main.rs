//! Lambda entry point of `login`.

use login::{Config, LoginHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("login").await?;
    let deps = LoginHandler::connect(&Config::from_env()?, &aws);
    runtime::http::run_public(deps, &aws).await
}
