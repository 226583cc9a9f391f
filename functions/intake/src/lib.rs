//! `intake`: passes each upload on to the uploads queue, in its owner's message group.
//!
//! - **Trigger**: S3, for each object created under `incoming/`, by an asynchronous invocation. The function
//!   runs on the task adapter, which returns its errors to Lambda.
//! - **Access patterns**: none. One message to the queue for each record; S3 sends one record.
//! - **Emits**: the notification to the queue of `thumbnail`, with nothing in it but event, bucket and key.
//!   Its group is the user in the key, which the signed form fixes. The queue then deals fairly between
//!   users; S3 itself sets no group.
//! - **Redelivery**: the message is sent again. `thumbnail` is idempotent.
//! - **Failures**: what is not sent is an error. Lambda tries again twice, after one and two minutes, and then
//!   sends the event to the dead-letter queue. So does an event about an object that is no upload: it means
//!   that the bucket is wired wrongly.

use messages::upload::{NotAnUpload, Notification};
use runtime::Aws;
use runtime::queue::{Queue, SendError, Sender};
use runtime::task::TaskError;

runtime::config! {
    /// Settings of `intake`.
    pub struct Config {
        /// The queue of `thumbnail`.
        pub uploads_queue_url: String,
    }
}

/// Handles the events of S3.
pub struct IntakeHandler<Q = Queue> {
    uploads: Q,
}

impl IntakeHandler {
    /// Connects to the queue.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        Self::new(Queue::connect(aws, &config.uploads_queue_url))
    }
}

impl<Q: Sender> IntakeHandler<Q> {
    /// Creates a handler that sends to `uploads`.
    pub fn new(uploads: Q) -> Self {
        Self { uploads }
    }
}

/// Why an event is not passed on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The event is not about an upload.
    #[error(transparent)]
    NotAnUpload(#[from] NotAnUpload),
    /// The message was not sent.
    #[error(transparent)]
    Send(#[from] SendError),
}

impl TaskError for Error {
    fn name(&self) -> &'static str {
        match self {
            Self::NotAnUpload(_) => "NotAnUpload",
            Self::Send(_) => "NotSent",
        }
    }
}

impl<Q: Sender> runtime::task::Handler for IntakeHandler<Q> {
    type Input = Notification;
    type Output = ();
    type Error = Error;

    async fn handle(&self, notification: Notification) -> Result<(), Error> {
        Ok(self.uploads.send(&notification.split()?).await?)
    }
}
