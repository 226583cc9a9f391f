//! Lambda entry point of `refresh`.

use refresh::{Config, RefreshHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("refresh").await?;
    let deps = RefreshHandler::connect(&Config::from_env()?, &aws);
    runtime::http::run_public(deps, &aws).await
}
