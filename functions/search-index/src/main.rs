//! Lambda entry point of `search-index`.

use runtime::StartError;
use search_index::{Config, SearchIndexHandler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start_stream("search-index").await?;
    let config = Config::from_env()?;
    runtime::stream::run(SearchIndexHandler::connect(&config, &aws), &aws).await
}
