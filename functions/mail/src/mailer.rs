//! Sending through SES.

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::BuildError;
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageHeader};
use runtime::Aws;

use crate::Letter;

/// A mail cannot be sent now.
#[derive(Debug, thiserror::Error)]
#[error("cannot send a mail")]
pub struct SendError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// SES delivers it.
    Accepted,
    /// SES takes no mail to such an address.
    Refused,
}

/// Sends mails by one sender.
#[derive(Clone, Debug)]
pub struct Mailer {
    client: Client,
    sender: String,
    configuration: String,
}

impl Mailer {
    /// Connects to SES.
    pub fn connect(aws: &Aws, sender: &str, configuration: &str) -> Self {
        Self::new(Client::new(aws.sdk_config()), sender, configuration)
    }

    /// Returns a mailer that sends through `client` by a configuration set.
    pub fn new(client: Client, sender: &str, configuration: &str) -> Self {
        Self { client, sender: sender.to_owned(), configuration: configuration.to_owned() }
    }

    /// Sends a letter to an address.
    pub async fn send(&self, to: &str, letter: &Letter) -> Result<Sent, SendError> {
        let content = content(letter).map_err(|error| SendError(error.into()))?;
        let request = self
            .client
            .send_email()
            .from_email_address(&self.sender)
            .destination(Destination::builder().to_addresses(to).build())
            .content(content)
            .configuration_set_name(&self.configuration);
        match request.send().await {
            Ok(_) => Ok(Sent::Accepted),
            // The one member of the request that differs from mail to mail and may be wrong is the address.
            Err(error)
                if matches!(error.as_service_error(), Some(SendEmailError::BadRequestException(_))) =>
            {
                Ok(Sent::Refused)
            }
            // The message of an error may quote the address, so the error has the code alone.
            Err(error) => Err(SendError(code(&error).into())),
        }
    }
}

fn content(letter: &Letter) -> Result<EmailContent, BuildError> {
    let text = |data: &str| Content::builder().data(data).charset("UTF-8").build();
    let body = Body::builder().text(text(&letter.text)?).html(text(&letter.html)?).build();
    // Nobody's "out of office" is to answer (RFC 3834).
    let header = MessageHeader::builder().name("Auto-Submitted").value("auto-generated").build()?;
    let mut message = Message::builder().subject(text(&letter.subject)?).body(body).headers(header);
    if let Some(url) = &letter.unsubscribe {
        for (name, value) in [
            ("List-Unsubscribe", format!("<{url}>").as_str()),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ] {
            message = message.headers(MessageHeader::builder().name(name).value(value).build()?);
        }
    }
    let message = message.build();
    Ok(EmailContent::builder().simple(message).build())
}

fn code<R>(error: &aws_sdk_sesv2::error::SdkError<SendEmailError, R>) -> String {
    use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
    match error {
        SdkError::ServiceError(_) => format!("SES refused it: {}", error.code().unwrap_or("no code")),
        SdkError::TimeoutError(_) => "SES did not answer in time".to_owned(),
        _ => "SES cannot be reached".to_owned(),
    }
}
