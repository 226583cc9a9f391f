//! Asynchronous work that cannot be done ends in a dead-letter queue that rings, and its neighbours do not go with it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Repository;
use crate::template::{Template, list, target, text};

/// Whether a resource is a queue whose alarm watches its depth.
fn rings(repository: &Repository, queue: Option<&str>) -> bool {
    let Some(queue) = queue else { return false };
    let is_queue = repository.template().of_type("AWS::SQS::Queue").any(|(id, _)| id == queue);
    let alarm = repository.template().resource(&format!("{queue}Alarm"));
    is_queue
        && alarm.is_some_and(|alarm| {
            text(alarm, "/Properties/MetricName") == Some("ApproximateNumberOfMessagesVisible")
                && alarm.pointer("/Properties/Dimensions/0/Value").and_then(target) == Some(queue)
                && alarm.pointer("/Properties/AlarmActions/0").is_some()
        })
}

/// Every event source mapping reports the messages that failed and not the whole batch.
pub fn partial_batches(repository: &Repository) -> Vec<String> {
    let mut broken = Vec::new();
    for (id, mapping) in repository.template().of_type("AWS::Lambda::EventSourceMapping") {
        if !list(mapping.get("FunctionResponseTypes")).iter().any(|kind| kind == "ReportBatchItemFailures") {
            broken.push(format!("template.yaml: {id} needs ReportBatchItemFailures"));
        }
    }
    broken
}

/// Every queue that is worked on sets a message aside after some failures, into a queue of its own that rings, and keeps it
/// invisible for six times the worker's timeout.
pub fn queues(repository: &Repository) -> Vec<String> {
    let template = repository.template();
    let mut broken = Vec::new();
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for (id, mapping) in template.of_type("AWS::Lambda::EventSourceMapping") {
        let Some(queue) = mapping.get("EventSourceArn").and_then(target) else { continue };
        let Some((_, properties)) = template.of_type("AWS::SQS::Queue").find(|(other, _)| *other == queue)
        else {
            continue;
        };
        let dead_letters = properties.pointer("/RedrivePolicy/deadLetterTargetArn").and_then(target);
        if !rings(repository, dead_letters) {
            broken.push(format!("template.yaml: {queue} needs a dead-letter queue with a depth alarm"));
        }
        if let Some(other) = dead_letters.and_then(|letters| owners.insert(letters, queue)) {
            broken.push(format!("template.yaml: {queue} and {other} share a dead-letter queue"));
        }
        let receives = properties.pointer("/RedrivePolicy/maxReceiveCount").and_then(Value::as_u64);
        if receives.is_none_or(|count| count < 3) {
            broken.push(format!("template.yaml: {queue} needs a maxReceiveCount of at least 3"));
        }
        let worker = mapping.get("FunctionName").and_then(target);
        let timeout = template
            .functions()
            .find(|(function, _)| Some(*function) == worker)
            .and_then(|(_, function)| template.timeout(function));
        let visibility = properties.get("VisibilityTimeout").and_then(Value::as_u64).unwrap_or(30);
        if timeout.is_none_or(|timeout| visibility < 6 * timeout) {
            broken.push(format!(
                "template.yaml: {queue} is invisible for {visibility} s, {id} needs six timeouts"
            ));
        }
    }
    broken
}

/// What a stream's function, a subscription or an asynchronous invocation cannot deliver goes to a queue that rings.
pub fn failure_paths(repository: &Repository) -> Vec<String> {
    let template = repository.template();
    let mut broken = Vec::new();
    let mut needs = |id: &str, letters: Option<&Value>| {
        if !rings(repository, letters.and_then(target)) {
            broken.push(format!("template.yaml: {id} needs a dead-letter queue with a depth alarm"));
        }
    };
    for (id, mapping) in template.of_type("AWS::Lambda::EventSourceMapping") {
        let from_a_queue = mapping
            .get("EventSourceArn")
            .and_then(target)
            .is_some_and(|source| template.of_type("AWS::SQS::Queue").any(|(queue, _)| queue == source));
        if !from_a_queue {
            needs(id, mapping.pointer("/DestinationConfig/OnFailure/Destination"));
        }
    }
    for (id, subscription) in template.of_type("AWS::SNS::Subscription") {
        if text(subscription, "/Protocol") != Some("email") {
            needs(id, subscription.pointer("/RedrivePolicy/deadLetterTargetArn"));
        }
    }
    let buckets: Vec<&Value> = template
        .of_type("AWS::S3::Bucket")
        .flat_map(|(_, bucket)| list(bucket.pointer("/NotificationConfiguration/LambdaConfigurations")))
        .collect();
    for (id, function) in template.functions() {
        let by_bucket = buckets.iter().any(|told| told.get("Function").and_then(target) == Some(id));
        if by_bucket || function.get("Events").is_some() {
            needs(id, function.pointer("/EventInvokeConfig/DestinationConfig/OnFailure/Destination"));
        }
    }
    broken
}

/// What a function stores is no news to it: no bucket tells a function of objects that the function may put,
/// neither itself nor through functions that pass it on.
pub fn outputs_are_no_news(repository: &Repository) -> Vec<String> {
    let template = repository.template();
    let mut broken = Vec::new();
    for (bucket, properties) in template.of_type("AWS::S3::Bucket") {
        for told in list(properties.pointer("/NotificationConfiguration/LambdaConfigurations")) {
            let rules = list(told.pointer("/Filter/S3Key/Rules")).iter();
            let mut prefixes = rules.filter(|rule| text(rule, "/Name") == Some("prefix"));
            let prefix = prefixes.next().and_then(|rule| text(rule, "/Value")).unwrap_or_default();
            for worker in
                told.get("Function").and_then(target).map(|id| reached(template, id)).iter().flatten()
            {
                let function = template.functions().find(|(id, _)| id == worker);
                if function.is_some_and(|(_, function)| may_put(function, bucket, prefix)) {
                    broken.push(format!("template.yaml: {bucket} tells of what {worker} stores itself"));
                }
            }
        }
    }
    broken
}

/// A function, and those that serve queues which it may send to, and so on.
fn reached<'a>(template: &'a Template, first: &'a str) -> Vec<&'a str> {
    let mut found = vec![first];
    let mut next = 0;
    while let Some(id) = found.get(next).copied() {
        next += 1;
        let Some((_, function)) = template.functions().find(|(other, _)| *other == id) else { continue };
        let queues: Vec<&str> =
            resources_of(function, "sqs:SendMessage").filter_map(|resource| target(resource)).collect();
        for (_, mapping) in template.of_type("AWS::Lambda::EventSourceMapping") {
            let source = mapping.get("EventSourceArn").and_then(target);
            let worker = mapping.get("FunctionName").and_then(target);
            let served = source.is_some_and(|source| queues.contains(&source));
            found.extend(worker.filter(|worker| served && !found.contains(worker)));
        }
    }
    found
}

/// The resources on which a function's own rights allow an action.
fn resources_of<'a>(function: &'a Value, action: &str) -> impl Iterator<Item = &'a Value> {
    let statements = list(function.get("Policies")).iter().flat_map(|policy| list(policy.get("Statement")));
    let allowing = statements.filter(move |statement| {
        list(statement.get("Action")).iter().any(|allowed| allowed.as_str() == Some(action))
    });
    allowing.flat_map(|statement| list(statement.get("Resource")))
}

/// Whether a function may put objects below a prefix of a bucket.
fn may_put(function: &Value, bucket: &str, prefix: &str) -> bool {
    let whole = format!("${{{bucket}.Arn}}/");
    resources_of(function, "s3:PutObject").any(|resource| {
        let below = text(resource, "/Fn::Sub").and_then(|name| name.strip_prefix(&whole));
        // Of a name with a `*` only what stands before it is certain.
        let certain = below.map(|below| below.split('*').next().unwrap_or_default());
        certain.is_some_and(|certain| certain.starts_with(prefix) || prefix.starts_with(certain))
    })
}

/// Every dead-letter queue rings.
pub fn dead_letters_ring(repository: &Repository) -> Vec<String> {
    let queues = repository.template().of_type("AWS::SQS::Queue").map(|(id, _)| id);
    let silent = queues.filter(|id| id.ends_with("DeadLetterQueue") && !rings(repository, Some(id)));
    silent.map(|id| format!("template.yaml: {id} needs {id}Alarm on its depth, with an action")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws::Law;

    const GOOD: &str = r"
Globals: {Function: {Timeout: 10}}
Resources:
  WorkFunction:
    Type: AWS::Serverless::Function
    Properties:
      EventInvokeConfig: {DestinationConfig: {OnFailure: {Destination: !GetAtt WorkDeadLetterQueue.Arn}}}
      Events: {Hourly: {Type: ScheduleV2}}
      Policies:
        - Statement:
            - Effect: Allow
              Action: [s3:PutObject]
              Resource: !Sub ${Bucket.Arn}/results/*
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      NotificationConfiguration:
        LambdaConfigurations:
          - {Function: !GetAtt IntakeFunction.Arn, Filter: {S3Key: {Rules: [{Name: prefix, Value: incoming/}]}}}
  IntakeFunction:
    Type: AWS::Serverless::Function
    Properties:
      EventInvokeConfig: {DestinationConfig: {OnFailure: {Destination: !GetAtt WorkDeadLetterQueue.Arn}}}
      Policies:
        - Statement:
            - Effect: Allow
              Action: [sqs:SendMessage]
              Resource: !GetAtt WorkQueue.Arn
  WorkQueue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 60
      RedrivePolicy: {deadLetterTargetArn: !GetAtt WorkDeadLetterQueue.Arn, maxReceiveCount: 5}
  WorkDeadLetterQueue: {Type: AWS::SQS::Queue}
  WorkDeadLetterQueueAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      MetricName: ApproximateNumberOfMessagesVisible
      Dimensions: [{Name: QueueName, Value: !GetAtt WorkDeadLetterQueue.QueueName}]
      AlarmActions: [!Ref AlarmTopic]
  WorkMapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref WorkFunction
      EventSourceArn: !GetAtt WorkQueue.Arn
      FunctionResponseTypes: [ReportBatchItemFailures]
  WorkStream:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt Table.StreamArn
      FunctionResponseTypes: [ReportBatchItemFailures]
      DestinationConfig: {OnFailure: {Destination: !GetAtt WorkDeadLetterQueue.Arn}}
  WorkSubscription:
    Type: AWS::SNS::Subscription
    Properties:
      Protocol: sqs
      RedrivePolicy: {deadLetterTargetArn: !GetAtt WorkDeadLetterQueue.Arn}
";

    fn repository(template: &str) -> Repository {
        Repository::of(&[("template.yaml", template)]).unwrap()
    }

    #[test]
    fn a_good_stack_keeps_every_law() {
        for law in [partial_batches, queues, failure_paths, outputs_are_no_news, dead_letters_ring] {
            assert_eq!(law(&repository(GOOD)), Vec::<String>::new());
        }
    }

    #[test]
    fn each_law_can_be_broken() {
        let cases: &[(Law, &str, &str)] = &[
            (partial_batches, "FunctionResponseTypes: [ReportBatchItemFailures]", ""),
            (queues, "VisibilityTimeout: 60", "VisibilityTimeout: 59"),
            (queues, "VisibilityTimeout: 60", ""),
            (queues, "maxReceiveCount: 5", "maxReceiveCount: 2"),
            (
                queues,
                "deadLetterTargetArn: !GetAtt WorkDeadLetterQueue.Arn, maxReceiveCount",
                "maxReceiveCount",
            ),
            (
                failure_paths,
                "DestinationConfig: {OnFailure: {Destination: !GetAtt WorkDeadLetterQueue.Arn}}",
                "",
            ),
            (failure_paths, "RedrivePolicy: {deadLetterTargetArn: !GetAtt WorkDeadLetterQueue.Arn}", ""),
            (failure_paths, "EventInvokeConfig", "Other"),
            (failure_paths, "WorkDeadLetterQueueAlarm", "Other"),
            (outputs_are_no_news, "Value: incoming/", "Value: res"),
            (outputs_are_no_news, "Rules: [{Name: prefix, Value: incoming/}]", ""),
            (
                failure_paths,
                "EventInvokeConfig: {DestinationConfig: {OnFailure: {Destination: !GetAtt WorkDeadLetterQueue.Arn}}}\n      Policies",
                "Policies",
            ),
            (outputs_are_no_news, "results/*", "incoming/*"),
            (outputs_are_no_news, "results/*", "*"),
            (outputs_are_no_news, "results/*", "incoming/done/*"),
            (dead_letters_ring, "ApproximateNumberOfMessagesVisible", "Other"),
            (dead_letters_ring, "AlarmActions: [!Ref AlarmTopic]", ""),
        ];
        for (law, from, to) in cases {
            assert!(GOOD.contains(from), "{from}");
            assert!(!law(&repository(&GOOD.replace(from, to))).is_empty(), "{from} -> {to}");
        }
    }

    #[test]
    fn two_queues_have_two_dead_letter_queues() {
        let second = "  OtherQueue:\n    Type: AWS::SQS::Queue\n    Properties:\n      VisibilityTimeout: 60\n      RedrivePolicy: {deadLetterTargetArn: !GetAtt WorkDeadLetterQueue.Arn, maxReceiveCount: 5}\n  OtherMapping:\n    Type: AWS::Lambda::EventSourceMapping\n    Properties: {FunctionName: !Ref WorkFunction, EventSourceArn: !GetAtt OtherQueue.Arn}\n";
        assert_eq!(queues(&repository(&format!("{GOOD}{second}"))).len(), 1);
    }
}
