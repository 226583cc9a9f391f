//! Every message says whose doing it is, so that its queue deals fairly.

use crate::Repository;
use crate::repository::extension;
use crate::rust::{is_test_file, product_lines};
use crate::template::{list, target};

/// How a message is sent with the AWS SDK. A request of one message is complete with its group, a batch's
/// entries are.
const SENDERS: [&str; 4] = [
    "SendMessageBatchRequestEntry::builder(",
    "PublishBatchRequestEntry::builder(",
    ".send_message(",
    ".publish().",
];

/// Code that sends to a queue or a topic names the group of each message. What is published to a target is for one
/// device, and waits in no queue.
pub fn senders_name_groups(repository: &Repository) -> Vec<String> {
    let deployed = repository.files().filter(|(path, _)| {
        (path.starts_with("functions/") || path.starts_with("shared/"))
            && extension(path) == "rs"
            && !is_test_file(path)
    });
    let mut broken = Vec::new();
    for (path, text) in deployed {
        let count = |wanted: &[&str]| {
            product_lines(text).filter(|(_, line)| wanted.iter().any(|call| line.contains(call))).count()
        };
        if count(&SENDERS) > count(&[".message_group_id(", ".target_arn("]) {
            broken.push(format!("{path}: sends a message without a message_group_id"));
        }
    }
    broken
}

/// No bucket notifies a queue or a topic: S3 sets no group. A function passes its notifications on.
pub fn buckets_notify_functions(repository: &Repository) -> Vec<String> {
    let mut broken = Vec::new();
    for (bucket, properties) in repository.template().of_type("AWS::S3::Bucket") {
        for kind in ["Queue", "Topic"] {
            let told = properties.pointer(&format!("/NotificationConfiguration/{kind}Configurations"));
            for notified in list(told) {
                let name = notified.get(kind).and_then(target);
                broken.push(format!("template.yaml: {bucket} notifies {name:?}, and sets no message group"));
            }
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_that_names_no_group_is_found() {
        let found = |path: &str, code: &str| {
            senders_name_groups(&Repository::of(&[("template.yaml", ""), (path, code)]).unwrap()).len()
        };
        for sender in SENDERS {
            let alone = format!("fn send() {{\n    x{sender})\n}}\n");
            let grouped = format!("fn send() {{\n    x{sender})\n        .message_group_id(group)\n}}\n");
            assert_eq!(found("shared/runtime/src/queue.rs", &alone), 1, "{sender}");
            assert_eq!(found("shared/runtime/src/queue.rs", &grouped), 0, "{sender}");
            assert_eq!(found("functions/like/src/lib.rs", &format!("{grouped}{alone}")), 1, "{sender}");
            let device = format!("fn send() {{\n    x{sender})\n        .target_arn(device)\n}}\n");
            assert_eq!(found("functions/like/src/lib.rs", &device), 0, "{sender}");
            assert_eq!(found("functions/like/tests/like.rs", &alone), 0, "{sender}");
        }
    }

    #[test]
    fn a_bucket_that_notifies_a_queue_is_found() {
        let template = |kind: &str, key: &str| {
            let text = format!(
                "Resources: {{Uploads: {{Type: AWS::S3::Bucket, Properties: {{NotificationConfiguration: \
                 {{{kind}Configurations: [{{{key}: !GetAtt Work.Arn}}]}}}}}}}}"
            );
            buckets_notify_functions(&Repository::of(&[("template.yaml", &text)]).unwrap())
        };
        assert_eq!(template("Lambda", "Function"), Vec::<String>::new());
        for kind in ["Queue", "Topic"] {
            assert_eq!(template(kind, kind).len(), 1, "{kind}");
        }
    }
}
