//! The connection to the table, opened while the function initialises.
//!
//! TLS takes most of the time of a cold start's first table call, and the initialisation has a full CPU.
//! A signed call would need a permission or cost a read unit. So the request is turned into `GET /`,
//! which `DynamoDB` answers with a plain health line. It goes through the service client, so that endpoint,
//! credentials and connection are those of the first real call.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;

use crate::Aws;

/// Longest wait for the table's endpoint. An initialisation may take ten seconds in all, and this
/// must not use them up.
const LIMIT: Duration = Duration::from_secs(2);

/// Opens a connection to the table's endpoint. A failure is harmless: the first call then opens one.
pub(crate) async fn table(client: Client) {
    let without_retries = aws_sdk_dynamodb::config::Config::builder().retry_config(RetryConfig::disabled());
    let request =
        client.list_tables().limit(1).customize().config_override(without_retries).interceptor(HealthCheck);
    // The response is not JSON and so always an error here. Its arrival is all that matters.
    if tokio::time::timeout(LIMIT, request.send()).await.is_err() {
        tracing::warn!("the table's endpoint did not answer during start");
    }
}

/// Waits for the connection that the start began to open.
pub(crate) async fn finished(aws: &Aws) {
    if let Some(warming) = aws.warming() {
        let _ = warming.await;
    }
}

#[derive(Debug)]
struct HealthCheck;

#[dyn_dispatch_hint]
impl Intercept for HealthCheck {
    fn name(&self) -> &'static str {
        "HealthCheck"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        request.set_method("GET")?;
        *request.body_mut() = SdkBody::empty();
        for header in ["content-length", "content-type", "x-amz-target", "authorization"] {
            request.headers_mut().remove(header);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_plain_get_reaches_the_endpoint() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let mut request = vec![0; 4096];
            let length = connection.read(&mut request).unwrap();
            connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhealthy:").unwrap();
            String::from_utf8(request[..length].to_vec()).unwrap()
        });
        let config = aws_sdk_dynamodb::config::Builder::new()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(aws_sdk_dynamodb::config::Region::new("eu-central-1"))
            .credentials_provider(aws_sdk_dynamodb::config::Credentials::new(
                "id", "secret", None, None, "test",
            ))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(endpoint)
            .build();
        table(Client::from_conf(config)).await;
        let request = server.join().unwrap();
        assert!(request.starts_with("GET / HTTP/1.1\r\n"), "{request}");
        assert!(!request.to_lowercase().contains("authorization"));
    }
}
