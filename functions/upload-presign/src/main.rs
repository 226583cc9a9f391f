//! Lambda entry point of `upload-presign`.

use runtime::StartError;
use upload_presign::{Config, Deps};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let aws = runtime::start("upload-presign").await?;
    let config = Config::from_env()?;
    let verifier = aws.verifier(&config.jwt_key_id).await?;
    runtime::http::run(Deps::connect(&config, &aws)?, verifier, &aws).await
}
