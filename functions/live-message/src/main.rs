//! Lambda entry point of `live-message`.

use live_message::LiveMessageHandler;
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("live-message").await?;
    runtime::socket::run(LiveMessageHandler, &aws).await
}
