//! Apps on iOS and Android, as SNS reaches them: through a platform application for each push service, which has an
//! endpoint for each token.
//!
//! SNS keeps the tokens, and the credentials of APNs and FCM. It disables an endpoint whose token its push service no
//! longer knows.

use std::str::FromStr;

use aws_sdk_sns::Client;
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sns::types::MessageAttributeValue;
use domain::device::AppToken;
use domain::{Fault, FaultKind};
use runtime::Aws;
use serde_json::{Map, Value};

type Source = Box<dyn std::error::Error + Send + Sync>;

/// The ARN of a platform application, which a stack may have or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Application(Option<String>);

impl Application {
    /// Returns its ARN.
    pub fn arn(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// A text is neither `none` nor the ARN of a platform application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the ARN of a platform application")]
pub struct NoApplication;

/// Reads an ARN, or `none`.
impl FromStr for Application {
    type Err = NoApplication;

    fn from_str(text: &str) -> Result<Self, NoApplication> {
        match text {
            "none" => Ok(Self(None)),
            arn if arn.starts_with("arn:") && arn.contains(":app/") => Ok(Self(Some(arn.to_owned()))),
            _ => Err(NoApplication),
        }
    }
}

/// An endpoint was not made, found or deleted.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// SNS says that the token is none.
    #[error("the token is refused")]
    Token,
    /// SNS cannot be asked now.
    #[error("SNS failed for now")]
    Busy(#[source] Source),
    /// SNS refuses the call.
    #[error("SNS refuses the call")]
    Refused(#[source] Source),
}

impl EndpointError {
    fn of<E, R>(error: SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        if is_temporary(&error) { Self::Busy(error.into()) } else { Self::Refused(error.into()) }
    }
}

impl Fault for EndpointError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Busy(_) => FaultKind::Temporary,
            Self::Token | Self::Refused(_) => FaultKind::Permanent,
        }
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// SNS passes it on to the push service.
    Accepted,
    /// The endpoint is disabled, or there is none any more.
    Gone,
    /// SNS takes it later, or cannot be reached until then.
    Later,
    /// SNS does not take it, now or later.
    Refused,
}

/// A message to one endpoint.
#[derive(Debug)]
pub struct Message {
    /// For where the endpoint is of neither platform that there is a payload for, which SNS wants all the same.
    pub default: String,
    /// The payload by name of the platform, such as `APNS`.
    pub payloads: Vec<(&'static str, Value)>,
    /// Attributes that SNS makes headers of.
    pub attributes: Vec<(&'static str, String)>,
}

/// The endpoints of apps.
#[derive(Clone, Debug)]
pub struct Endpoints {
    sns: Client,
}

impl Endpoints {
    /// Connects to SNS.
    pub fn connect(aws: &Aws) -> Self {
        Self::new(Client::new(aws.sdk_config()))
    }

    /// Returns the endpoints that `sns` reaches.
    pub fn new(sns: Client) -> Self {
        Self { sns }
    }

    /// Returns the endpoint of a token, by the ARN of its application: enabled, and made where there is none.
    ///
    /// Two calls; three for one that SNS had disabled.
    pub async fn ensure(&self, application: &str, token: &AppToken) -> Result<String, EndpointError> {
        let endpoint = self.create(application, token).await?;
        match self.is_current(&endpoint, token).await? {
            Some(true) => Ok(endpoint),
            Some(false) => {
                self.enable(&endpoint, token).await?;
                Ok(endpoint)
            }
            // Somebody deleted it meanwhile.
            None => self.create(application, token).await,
        }
    }

    async fn create(&self, application: &str, token: &AppToken) -> Result<String, EndpointError> {
        let request =
            self.sns.create_platform_endpoint().platform_application_arn(application).token(token.expose());
        match request.send().await {
            Ok(answer) => {
                answer.endpoint_arn.ok_or_else(|| EndpointError::Refused("the endpoint has no ARN".into()))
            }
            Err(error) if error.code() == Some("InvalidParameter") => {
                // A disabled one is another one to SNS, which then says its ARN in the text of the error alone.
                let known = error.message().and_then(existing);
                known.map(ToOwned::to_owned).ok_or(EndpointError::Token)
            }
            Err(error) => Err(EndpointError::of(error)),
        }
    }

    /// Returns whether an endpoint is enabled and has this token; `None` where there is none.
    async fn is_current(&self, endpoint: &str, token: &AppToken) -> Result<Option<bool>, EndpointError> {
        match self.sns.get_endpoint_attributes().endpoint_arn(endpoint).send().await {
            Ok(answer) => {
                let has = |name: &str, value: &str| {
                    let attributes = answer.attributes.as_ref();
                    attributes.and_then(|all| all.get(name)).is_some_and(|known| known == value)
                };
                Ok(Some(has("Enabled", "true") && has("Token", token.expose())))
            }
            Err(error) if error.code() == Some("NotFound") => Ok(None),
            Err(error) => Err(EndpointError::of(error)),
        }
    }

    async fn enable(&self, endpoint: &str, token: &AppToken) -> Result<(), EndpointError> {
        let request = self.sns.set_endpoint_attributes().endpoint_arn(endpoint);
        let request = request.attributes("Enabled", "true").attributes("Token", token.expose());
        request.send().await.map(|_| ()).map_err(EndpointError::of)
    }

    /// Deletes an endpoint, if there is one.
    pub async fn delete(&self, endpoint: &str) -> Result<(), EndpointError> {
        let answer = self.sns.delete_endpoint().endpoint_arn(endpoint).send().await;
        answer.map(|_| ()).map_err(EndpointError::of)
    }

    /// Sends a message to an endpoint.
    pub async fn publish(&self, endpoint: &str, message: Message) -> Published {
        let Message { default, payloads, attributes } = message;
        // Each is JSON within a text of JSON.
        let payloads = payloads
            .into_iter()
            .map(|(platform, payload)| (platform.to_owned(), Value::from(payload.to_string())));
        let text: Map<String, Value> =
            [("default".to_owned(), Value::from(default))].into_iter().chain(payloads).collect();
        let mut request = self.sns.publish().target_arn(endpoint);
        request = request.message(Value::Object(text).to_string()).message_structure("json");
        for (name, value) in attributes {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value);
            let Ok(value) = value.build() else { return Published::Refused };
            request = request.message_attributes(name, value);
        }
        match request.send().await {
            Ok(_) => Published::Accepted,
            Err(error) => meaning(&error),
        }
    }
}

/// Returns the endpoint that an error about an existing one names.
fn existing(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("Endpoint ")?;
    let (arn, rest) = rest.split_once(' ')?;
    (arn.starts_with("arn:") && rest.starts_with("already exists")).then_some(arn)
}

/// Returns whether the same call may succeed later.
fn is_temporary<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    const BUSY: [&str; 5] =
        ["InternalError", "InternalFailure", "ServiceUnavailable", "Throttled", "ThrottlingException"];
    match error {
        SdkError::ServiceError(context) => context.err().code().is_some_and(|code| BUSY.contains(&code)),
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        _ => false,
    }
}

fn meaning<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Published {
    let (code, text) = (error.code().unwrap_or_default(), error.message().unwrap_or_default());
    // Of one that was deleted a while ago SNS says that the parameter is wrong.
    let is_gone = matches!(code, "EndpointDisabled" | "NotFound") || text.contains("No endpoint found");
    if is_gone {
        return Published::Gone;
    }
    // The text may quote the message, so the log has the code alone.
    let temporary = is_temporary(error);
    tracing::warn!(code, temporary, "SNS does not take a message to an app");
    if temporary { Published::Later } else { Published::Refused }
}
