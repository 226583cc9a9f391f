//! The cloud under test: its addresses, and the clients of its owner.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use serde::Deserialize;

/// The state file that `localstack/cloud` wrote about the cloud it started.
#[derive(Deserialize)]
pub(crate) struct Cloud {
    /// Base URL of the API, with a trailing slash.
    pub(crate) api_url: String,
    /// Base URL of the renditions.
    pub(crate) cdn_url: String,
    /// Address of the sockets.
    pub(crate) live_url: String,
    /// The address of every AWS service.
    pub(crate) endpoint: String,
    outputs: HashMap<String, String>,
    /// The directory with the cloud's state.
    #[serde(skip)]
    pub(crate) state: PathBuf,
}

/// The region that the local cloud reports.
const REGION: &str = "us-east-1";

impl Cloud {
    /// Returns the cloud that `make test` started.
    #[expect(clippy::disallowed_methods, reason = "a test is no function with a Config")]
    pub(crate) fn under_test() -> Self {
        let Ok(state) = std::env::var("LAMBDAGRAM_STATE") else {
            panic!(
                "there is no local cloud to test: run `make test` (or set LAMBDAGRAM_STATE to a running one's state)"
            );
        };
        Self::of(Path::new(&state))
    }

    /// Returns the cloud whose state is in a directory.
    pub(crate) fn of(state: &Path) -> Self {
        let file = state.join("cloud.json");
        let text =
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let cloud: Self =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Self { state: state.to_owned(), ..cloud }
    }

    /// Returns what the functions have logged, all of it.
    pub(crate) fn function_logs(&self) -> String {
        let folder = self.state.join("logs/functions");
        let files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
        files.map(|file| String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned()).collect()
    }

    /// Returns an output of the stack.
    pub(crate) fn output(&self, name: &str) -> &str {
        self.outputs.get(name).unwrap_or_else(|| panic!("the stack has no output {name}"))
    }

    pub(crate) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
            .endpoint_url(&self.endpoint)
            .http_client(http_client());
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region};
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
            .endpoint_url(&self.endpoint)
            .force_path_style(true)
            .http_client(http_client());
        aws_sdk_s3::Client::from_conf(config.build())
    }

    pub(crate) fn sqs(&self) -> aws_sdk_sqs::Client {
        use aws_sdk_sqs::config::{BehaviorVersion, Config, Credentials, Region};
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
            .endpoint_url(&self.endpoint)
            .http_client(http_client());
        aws_sdk_sqs::Client::from_conf(config.build())
    }

    pub(crate) fn kms(&self) -> aws_sdk_kms::Client {
        use aws_sdk_kms::config::{BehaviorVersion, Config, Credentials, Region};
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
            .endpoint_url(&self.endpoint)
            .http_client(http_client());
        aws_sdk_kms::Client::from_conf(config.build())
    }
}

fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}
