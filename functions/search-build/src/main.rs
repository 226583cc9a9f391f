//! Lambda entry point of `search-build`.

use runtime::StartError;
use search_build::{Config, SearchBuildHandler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start_worker("search-build").await?;
    let config = Config::from_env()?;
    runtime::task::run(SearchBuildHandler::connect(&config, &aws), &aws).await
}
