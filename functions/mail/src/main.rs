//! Lambda entry point of `mail`.

use mail::{Config, MailHandler};
use runtime::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start_worker("mail").await?;
    let config = Config::from_env()?;
    runtime::sqs::run(MailHandler::connect(&config, &aws), &aws).await
}
