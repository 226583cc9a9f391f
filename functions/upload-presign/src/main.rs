//! Lambda entry point of `upload-presign`.

use runtime::StartError;
use upload_presign::{Config, UploadPresignHandler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("upload-presign").await?;
    let config = Config::from_env()?;
    let verifier = tokens::verifier(&aws, &config.table_name, &config.cdn_url).await;
    runtime::http::run(UploadPresignHandler::connect(&config, &aws)?, verifier, &aws).await
}
