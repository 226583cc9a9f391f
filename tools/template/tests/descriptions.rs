//! What a description becomes, and what it is refused for.
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use serde_json::{Value, json};
use template::{Pieces, Refusal, parse};

const FORM: &str = "template.yaml (make template). The form: tools/template/README.md.";

const INFRA: &str = "
Globals:
  Function:
    Timeout: 10

environment:
  TABLE_NAME: !Ref Table
  CDN_URL: !If [HasCdnUrl, !Ref CdnUrl, none]

Resources:
  HttpApi:
    Type: AWS::Serverless::HttpApi
    Properties:
      DefinitionBody:
        paths: !Routes
  Table:
    Type: AWS::DynamoDB::Table
  Bucket:
    Type: AWS::S3::Bucket
  EventsTopic:
    Type: AWS::SNS::Topic
";

/// The template text of functions and workflows beside a small `infra/`.
fn assemble(pieces: &[(&str, &str, &str)]) -> Result<String, Refusal> {
    let mut files = vec![("infra/stack.yaml".to_owned(), format!("# Goes into {FORM}\n{INFRA}"))];
    for (path, becomes, text) in pieces {
        files.push(((*path).to_owned(), format!("# Becomes {becomes} in {FORM}\n{text}")));
    }
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    Pieces::of(&files).assemble()
}

fn like(text: &str) -> Result<String, Refusal> {
    assemble(&[("functions/like/function.yaml", "LikeFunction", text)])
}

/// The parsed template of one function.
fn made(text: &str) -> Value {
    parse(&like(text).unwrap()).unwrap()
}

const QUEUE: &str = "
queue:
  BatchSize: 5
  ScalingConfig: {MaximumConcurrency: 2}
  alarms:
    age over 300 s: Likes are late.
    dead letters: Likes not counted.
";

#[test]
fn a_function_has_a_log_group_and_an_alarm() {
    let template = made("MemorySize: 512\nroutes:\n  - GET /likes\nenvironment: [TABLE_NAME, CDN_URL]\n");
    let function = &template["Resources"]["LikeFunction"]["Properties"];
    assert_eq!(function["FunctionName"], json!({"Fn::Sub": "${AWS::StackName}-like"}));
    assert_eq!(function["CodeUri"], "target/lambda/like/");
    assert_eq!(function["MemorySize"], 512);
    assert_eq!(function["LoggingConfig"]["LogGroup"], json!({"Ref": "LikeLogGroup"}));
    let variables = json!({"TABLE_NAME": {"Ref": "Table"}, "CDN_URL": {"Fn::If": ["HasCdnUrl", {"Ref": "CdnUrl"}, "none"]}});
    assert_eq!(function["Environment"]["Variables"], variables);
    assert_eq!(function.get("Policies"), None);
    let alarm = &template["Resources"]["LikeErrorsAlarm"]["Properties"];
    assert_eq!(alarm["Dimensions"][0]["Value"], json!({"Ref": "LikeFunction"}));
    let meaning = "like returned an error, timed out or died. Its log group has the request ids.";
    assert_eq!(alarm["AlarmDescription"], meaning);
    let group = &template["Resources"]["LikeLogGroup"]["Properties"];
    assert_eq!(group["LogGroupName"], json!({"Fn::Sub": "/aws/lambda/${AWS::StackName}-like"}));
    assert_eq!(group["RetentionInDays"], json!({"Ref": "LogRetentionDays"}));
}

#[test]
fn routes_are_the_apis_and_need_one_permission() {
    let template = made(
        "routes:\n  - GET /photos/{photo_id}/likes\n  # Twice is once.\n  - POST /photos/{photo_id}/likes\n",
    );
    let path = &template["Resources"]["HttpApi"]["Properties"]["DefinitionBody"]["paths"]["/photos/{photo_id}/likes"];
    for method in ["get", "post"] {
        assert_eq!(path[method]["parameters"], json!([{"name": "photo_id", "in": "path", "required": true}]));
        // By its name: the API does not depend on the functions.
        let uri = &path[method]["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"];
        assert!(uri.as_str().unwrap().ends_with(":function:${AWS::StackName}-like/invocations"), "{uri}");
    }
    let permission = &template["Resources"]["LikePermission"]["Properties"];
    assert_eq!(permission["FunctionName"], json!({"Ref": "LikeFunction"}));
    assert!(permission["SourceArn"]["Fn::Sub"].as_str().unwrap().ends_with(":${HttpApi}/*"));
    let resources = template["Resources"].as_object().unwrap();
    assert_eq!(
        resources.values().filter(|resource| resource["Type"] == "AWS::Lambda::Permission").count(),
        1
    );
}

#[test]
fn a_right_is_a_statement() {
    let arn = |id: &str| json!({"Fn::GetAtt": format!("{id}.Arn")});
    let cases = [
        (
            "GetItem, Query on PHOTO#*, LIKER#1_*",
            json!({
                "Action": ["dynamodb:GetItem", "dynamodb:Query"],
                "Resource": arn("Table"),
                "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["PHOTO#*", "LIKER#1_*"]}},
            }),
        ),
        (
            "dynamodb:ListStreams on Table",
            json!({"Action": ["dynamodb:ListStreams"], "Resource": arn("Table")}),
        ),
        (
            "sns:Publish on EventsTopic",
            json!({"Action": ["sns:Publish"], "Resource": {"Ref": "EventsTopic"}}),
        ),
        (
            "s3:GetObject, s3:PutObject on Bucket/incoming/*",
            json!({"Action": ["s3:GetObject", "s3:PutObject"], "Resource": {"Fn::Sub": "${Bucket.Arn}/incoming/*"}}),
        ),
        (
            "s3:ListBucket on Bucket, Table",
            json!({"Action": ["s3:ListBucket"], "Resource": [arn("Bucket"), arn("Table")]}),
        ),
        (
            "ses:SendEmail on Bucket where ses:FromAddress is a@b.example",
            json!({
                "Action": ["ses:SendEmail"],
                "Resource": arn("Bucket"),
                "Condition": {"StringEquals": {"ses:FromAddress": "a@b.example"}},
            }),
        ),
        (
            "Effect: Allow\n    Action: xray:PutTraceSegments\n    Resource: \"*\"",
            json!({"Action": "xray:PutTraceSegments", "Resource": "*"}),
        ),
    ];
    for (right, mut statement) in cases {
        statement["Effect"] = json!("Allow");
        let template = made(&format!("routes:\n  - GET /likes\nrights:\n  - {right}\n"));
        let statements = &template["Resources"]["LikeFunction"]["Properties"]["Policies"][0]["Statement"];
        assert_eq!(statements, &json!([statement]), "{right}");
    }
}

#[test]
fn a_queue_has_everything_that_goes_with_one() {
    let template = made(&format!(
        "Timeout: 15\n{}",
        QUEUE.replace("queue:", "queue:\n  events: [like.added, like.removed]")
    ));
    let resources = &template["Resources"];
    let queue = &resources["LikeQueue"]["Properties"];
    assert_eq!(queue["VisibilityTimeout"], 90);
    let letters = json!({"Fn::GetAtt": "LikeDeadLetterQueue.Arn"});
    assert_eq!(queue["RedrivePolicy"], json!({"deadLetterTargetArn": letters, "maxReceiveCount": 5}));
    let mapping = &resources["LikeMapping"]["Properties"];
    assert_eq!(mapping["BatchSize"], 5);
    assert_eq!(mapping["ScalingConfig"]["MaximumConcurrency"], 2);
    assert_eq!(mapping["EventSourceArn"], json!({"Fn::GetAtt": "LikeQueue.Arn"}));
    assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    let subscription = &resources["LikeSubscription"];
    assert_eq!(subscription["DependsOn"], "LikeQueuePolicy");
    assert_eq!(subscription["Properties"]["FilterPolicy"], json!({"type": ["like.added", "like.removed"]}));
    assert_eq!(subscription["Properties"]["RedrivePolicy"]["deadLetterTargetArn"], letters);
    assert!(resources["LikeQueuePolicy"].is_object());
    let age = &resources["LikeQueueAgeAlarm"]["Properties"];
    assert_eq!((&age["Threshold"], &age["AlarmDescription"]), (&json!(300), &json!("Likes are late.")));
    assert_eq!(resources["LikeDeadLetterQueueAlarm"]["Properties"]["AlarmDescription"], "Likes not counted.");
    let rights = &resources["LikeFunction"]["Properties"]["Policies"][0]["Statement"][0];
    assert_eq!(rights["Resource"], json!({"Fn::GetAtt": "LikeQueue.Arn"}));
    assert_eq!(template["Outputs"]["LikeQueueUrl"], json!({"Value": {"Ref": "LikeQueue"}}));
    assert!(template["Outputs"]["LikeDeadLetterQueueUrl"].is_object());
}

#[test]
fn a_queue_may_have_a_name_and_others_that_send_to_it() {
    let template = made(&QUEUE.replace("queue:", "queue:\n  name: Uploads"));
    let resources = &template["Resources"];
    assert_eq!(resources["UploadsQueue"]["Properties"]["VisibilityTimeout"], 60);
    assert!(resources["UploadsDeadLetterQueue"].is_object());
    assert!(resources["LikeMapping"].is_object());
    assert!(resources["LikeSubscription"].is_null() && resources["UploadsQueuePolicy"].is_null());
}

#[test]
fn a_stream_has_filters_and_leaves_the_queue_a_dead_letter_queue_of_its_own() {
    let stream = "
stream:
  BatchSize: 500
  filters:
    # It's a like.
    - {eventName: [INSERT], dynamodb: {Keys: {pk: {S: [{prefix: LIKES#}, \"it's\"]}}}}
    - eventName: [MODIFY]
      dynamodb: {NewImage: {rebuild: {N: [{exists: true}]}}}
  alarms:
    dead letters: Records not derived.
    age over 60 s: Behind.
";
    let template = made(&format!("{stream}{QUEUE}"));
    let resources = &template["Resources"];
    let mapping = &resources["LikeStream"]["Properties"];
    assert_eq!((&mapping["BatchSize"], &mapping["StartingPosition"]), (&json!(500), &json!("TRIM_HORIZON")));
    let filters = mapping["FilterCriteria"]["Filters"].as_array().unwrap();
    let patterns: Vec<_> = filters.iter().map(|filter| filter["Pattern"].as_str().unwrap()).collect();
    assert_eq!(
        patterns,
        [
            r#"{"eventName": ["INSERT"], "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "LIKES#"}, "it's"]}}}}"#,
            r#"{"eventName": ["MODIFY"], "dynamodb": {"NewImage": {"rebuild": {"N": [{"exists": true}]}}}}"#,
        ]
    );
    let letters = |id: &str| json!({"Fn::GetAtt": format!("{id}.Arn")});
    assert_eq!(mapping["DestinationConfig"]["OnFailure"]["Destination"], letters("LikeDeadLetterQueue"));
    let redrive = &resources["LikeQueue"]["Properties"]["RedrivePolicy"];
    assert_eq!(redrive["deadLetterTargetArn"], letters("LikeQueueDeadLetterQueue"));
    assert_eq!(resources["LikeIteratorAgeAlarm"]["Properties"]["Threshold"], 60_000);
    assert_eq!(
        resources["LikeFunction"]["Properties"]["Policies"][0]["Statement"].as_array().unwrap().len(),
        4
    );
}

#[test]
fn a_schedule_is_an_event_with_a_failure_path() {
    let template = made(
        "schedule:\n  name: Hourly\n  ScheduleExpression: rate(1 hour)\n  alarms:\n    dead letters: It failed three times.\n",
    );
    let function = &template["Resources"]["LikeFunction"]["Properties"];
    let event = &function["Events"]["Hourly"];
    assert_eq!(
        (&event["Type"], &event["Properties"]["ScheduleExpression"]),
        (&json!("ScheduleV2"), &json!("rate(1 hour)"))
    );
    let letters = json!({"Fn::GetAtt": "LikeDeadLetterQueue.Arn"});
    assert_eq!(event["Properties"]["DeadLetterConfig"]["Arn"], letters);
    assert_eq!(function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"], letters);
    assert!(template["Resources"]["LikeDeadLetterQueueAlarm"].is_object());
}

#[test]
fn a_bucket_may_invoke_the_function_and_what_fails_is_set_aside() {
    let template = made(
        "bucket:\n  name: Bucket\n  alarms:\n    age over 60 s: Late.\n    dead letters: Objects not seen.\n",
    );
    let resources = &template["Resources"];
    let permission = &resources["LikeBucketPermission"]["Properties"];
    assert_eq!(permission["Principal"], "s3.amazonaws.com");
    assert_eq!(permission["SourceAccount"], json!({"Ref": "AWS::AccountId"}));
    assert_eq!(permission["FunctionName"], json!({"Ref": "LikeFunction"}));
    let invoked = &resources["LikeFunction"]["Properties"]["EventInvokeConfig"];
    assert_eq!(invoked["MaximumRetryAttempts"], 2);
    let letters = json!({"Fn::GetAtt": "LikeDeadLetterQueue.Arn"});
    assert_eq!(invoked["DestinationConfig"]["OnFailure"]["Destination"], letters);
    assert_eq!(resources["LikeDeadLetterQueueAlarm"]["Properties"]["AlarmDescription"], "Objects not seen.");
    let age = &resources["LikeEventAgeAlarm"]["Properties"];
    assert_eq!((&age["Threshold"], &age["MetricName"]), (&json!(60_000), &json!("AsyncEventAge")));
    assert!(template["Outputs"]["LikeDeadLetterQueueUrl"].is_object());
}

const WORKFLOW: &str = "
tasks: [like]
distributed_map: true
substitutions:
  Table: !Ref Table
rights:
  - UpdateItem on USER#*
alarms:
  unfinished: Likes are not counted.
";

#[test]
fn a_workflow_runs_its_tasks_and_has_everything_that_goes_with_one() {
    let text = assemble(&[
        ("functions/like/function.yaml", "LikeFunction", "Timeout: 60\n"),
        ("statemachines/count-again.workflow.yaml", "CountAgainStateMachine", WORKFLOW),
    ]);
    let template = parse(&text.unwrap()).unwrap();
    let resources = &template["Resources"];
    let machine = &resources["CountAgainStateMachine"]["Properties"];
    assert_eq!(machine["DefinitionUri"], "statemachines/count-again.asl.yaml");
    let arn = json!({"Fn::GetAtt": "LikeFunction.Arn"});
    assert_eq!(machine["DefinitionSubstitutions"], json!({"LikeFunction": arn, "Table": {"Ref": "Table"}}));
    let statements = machine["Policies"][0]["Statement"].as_array().unwrap();
    let invoke = json!({"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": arn});
    assert_eq!(statements.first(), Some(&invoke));
    assert_eq!(statements.len(), 6);
    let meaning = resources["CountAgainFailuresAlarm"]["Properties"]["AlarmDescription"].as_str().unwrap();
    assert!(
        meaning.starts_with("Likes are not counted. Find the cause") && meaning.contains("redrive"),
        "{meaning}"
    );
    assert!(resources["CountAgainLogGroup"].is_object());
    assert_eq!(template["Outputs"]["CountAgainArn"], json!({"Value": {"Ref": "CountAgainStateMachine"}}));
    let errors = &resources["LikeErrorsAlarm"]["Properties"]["AlarmDescription"];
    assert!(errors.as_str().unwrap().ends_with("; its workflow retries."), "{errors}");
}

#[test]
fn more_resources_and_outputs_are_taken_as_they_stand() {
    let template = made(
        "routes:\n  - GET /likes\nResources:\n  Extra:\n    Type: AWS::SQS::Queue\nOutputs:\n  ExtraUrl:\n    Value: !Ref Extra\n",
    );
    assert_eq!(template["Resources"]["Extra"], json!({"Type": "AWS::SQS::Queue"}));
    assert_eq!(template["Outputs"]["ExtraUrl"], json!({"Value": {"Ref": "Extra"}}));
}

#[test]
fn comments_stand_above_what_they_were_written_above() {
    let described = "# Of memory.\nMemorySize: 512\n\n# Of variables.\nenvironment: [TABLE_NAME]\n\n# Of rights,\n# all of them.\nrights:\n  # Of one.\n  - GetItem on USER#*\nroutes:\n  # Of a route.\n  - GET /likes\n";
    let text = like(described).unwrap();
    for (comment, below) in [
        ("# Of memory.", "MemorySize: 512"),
        ("# Of variables.", "Environment:"),
        ("# all of them.", "Policies:"),
        ("# Of one.", "- Effect: Allow"),
        ("# Of a route.", "get:"),
    ] {
        let mut lines = text.lines().map(str::trim).skip_while(|line| *line != comment);
        assert_eq!(lines.nth(1), Some(below), "{comment}");
    }
    let origin = text.lines().find(|line| line.ends_with(" functions/like/function.yaml")).unwrap();
    assert!(origin.starts_with("  # ="), "{origin}");
}

#[test]
fn files_are_included_as_literal_blocks() {
    let piece = format!("# Goes into {FORM}\n\nResources:\n  Code:\n    Text: !Include cdn/code.js\n");
    let pieces = Pieces::of(&[("infra/cdn.yaml", &piece), ("cdn/code.js", "a: {\n\n  b\n}\n")]);
    let template = parse(&pieces.assemble().unwrap()).unwrap();
    assert_eq!(template["Resources"]["Code"]["Text"], "a: {\n\n  b\n}\n");
    // Within a substitution the file stands in a list.
    let substituted = piece
        .replace("Text: !Include cdn/code.js", "Text: !Sub\n      - !Include cdn/code.js\n      - {A: 1}");
    let pieces = Pieces::of(&[("infra/cdn.yaml", &substituted), ("cdn/code.js", "a: '${A}'\n")]);
    let template = parse(&pieces.assemble().unwrap()).unwrap();
    assert_eq!(template["Resources"]["Code"]["Text"], json!({"Fn::Sub": ["a: '${A}'\n", {"A": 1}]}));
    let refusal = Pieces::of(&[("infra/cdn.yaml", &piece)]).assemble().unwrap_err().to_string();
    assert_eq!(refusal, "infra/cdn.yaml: includes cdn/code.js, which is not there");
}

#[test]
fn a_malformed_description_is_refused_with_its_place() {
    let queue = |from: &str, to: &str| {
        assert!(QUEUE.contains(from), "{from}");
        QUEUE.replace(from, to)
    };
    let cases: Vec<(String, &str)> = vec![
        ("Timeout: 60\n".into(), ":1: nothing invokes it"),
        ("routes: [GET /likes]\n".into(), ":2: routes has to have a line below it for each entry"),
        ("routes:\n  - LIKE /likes\n".into(), ":3: a route is `GET"),
        ("routes:\n  - GET likes\n".into(), ":3: a route is `GET"),
        ("routes:\n  - GET /likes\n  - GET /likes\n".into(), ":4: like answers this route already"),
        ("routes:\n  - GET /likes\nroutes:\n  - GET /other\n".into(), ":"),
        ("routes:\n  - GET /likes\nmemory: 512\n".into(), ":4: \"memory\" is none of bucket, environment, "),
        ("routes:\n  - GET /likes\nPolicies: []\n".into(), ":4: Policies is generated"),
        ("routes:\n  - GET /likes\nenvironment: [OTHER]\n".into(), ":4: infra/environment.yaml lacks OTHER"),
        (
            "routes:\n  - GET /likes\nenvironment: TABLE_NAME\n".into(),
            ":4: environment has to be a list of texts",
        ),
        ("routes:\n  - GET /likes\n# alone\n".into(), ":4: no entry follows the last comment"),
        ("routes:\n# alone\n  - GET /likes\n".into(), ":4: the comment above has another indentation"),
        ("routes: [\n".into(), ":"),
        ("rights:\n  - GetItem on Table\nroutes:\n  - GET /likes\n".into(), ":3: a right is `GetItem"),
        ("rights:\n  - GetItem PHOTO#*\nroutes:\n  - GET /likes\n".into(), ":3: a right is `GetItem"),
        ("rights:\n  - {Allow: all}\nroutes:\n  - GET /likes\n".into(), ":3: a right is `GetItem"),
        (
            "rights:\n  - s3:GetObject on Buckets\nroutes:\n  - GET /likes\n".into(),
            ": rights name Buckets, which is no resource",
        ),
        (queue("  ScalingConfig: {MaximumConcurrency: 2}\n", ""), ":3: ScalingConfig is missing"),
        (queue("{MaximumConcurrency: 2}", "{}"), ":5: ScalingConfig has to say MaximumConcurrency"),
        (queue("    dead letters: Likes not counted.\n", ""), ":3: alarms lack \"dead letters\""),
        (
            queue("age over 300 s", "age over a minute"),
            ":7: \"age over a minute\" is none of age over <n> s, dead letters",
        ),
        (queue("  BatchSize: 5\n", "  FunctionName: other\n"), ":4: FunctionName is generated"),
        (queue("Likes are late.", "[late]"), ":7: age over 300 s has to be text"),
        (format!("Timeout: soon\n{QUEUE}"), ":2: Timeout has to be a number of seconds"),
        (
            "bucket:\n  name: Bucket\n  alarms:\n    dead letters: Lost.\n".into(),
            ":2: alarms lack \"age over <n> s\"",
        ),
        (
            "bucket:\n  alarms:\n    age over 60 s: Late.\n    dead letters: Lost.\n".into(),
            ":2: name is missing",
        ),
        (
            "bucket:\n  name: Bucket\n  alarms:\n    age over 60 s: Late.\n    dead letters: Lost.\nschedule:\n  name: Hourly\n  ScheduleExpression: rate(1 hour)\n  alarms:\n    dead letters: Failed.\n".into(),
            ":7: LikeDeadLetterQueue takes what another source cannot deliver",
        ),
        (
            "schedule:\n  name: Hourly\n  alarms:\n    dead letters: Failed.\n".into(),
            ":2: ScheduleExpression is missing",
        ),
        (
            "routes:\n  - GET /likes\nResources:\n  Table:\n    Type: AWS::DynamoDB::Table\n".into(),
            "infra/stack.yaml: Resources has Table from functions/like/function.yaml already",
        ),
        (
            "routes:\n  - GET /likes\nResources:\n  OtherFunction:\n    Type: AWS::Serverless::Function\n"
                .into(),
            ": OtherFunction has to be described in functions/<name>/function.yaml",
        ),
    ];
    for (text, problem) in cases {
        let refusal = like(&text).unwrap_err().to_string();
        let whole = format!("functions/like/function.yaml{problem}");
        let expected = if problem.starts_with("infra/") { problem } else { &whole };
        assert!(refusal.starts_with(expected), "{text}\n{refusal}");
    }
}

#[test]
fn a_malformed_workflow_is_refused_with_its_place() {
    for (from, to, problem) in [
        (
            "unfinished: Likes are not counted.",
            "dead letters: Lost.",
            "10: \"dead letters\" is none of unfinished",
        ),
        ("rights:\n", "Policies: []\nrights:\n", "7: Policies is generated"),
        ("tasks: [like]", "tasks: [like, follow]", " rights name FollowFunction, which is no resource"),
    ] {
        assert!(WORKFLOW.contains(from), "{from}");
        let workflow = WORKFLOW.replace(from, to);
        let refusal = assemble(&[
            ("functions/like/function.yaml", "LikeFunction", "Timeout: 60\n"),
            ("statemachines/count-again.workflow.yaml", "CountAgainStateMachine", &workflow),
        ]);
        let expected = format!("statemachines/count-again.workflow.yaml:{problem}");
        assert_eq!(refusal.unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_piece_says_where_it_goes() {
    let refusal = |path: &str, text: &str| Pieces::of(&[(path, text)]).assemble().unwrap_err().to_string();
    let routes = "routes:\n  - GET /likes\n";
    let function = refusal("functions/feed-read/function.yaml", routes);
    let head = "must begin with: # Becomes FeedReadFunction in template.yaml (make template).";
    assert!(function.starts_with(&format!("functions/feed-read/function.yaml:1: {head}")), "{function}");
    let infra = refusal("infra/api.yaml", "Resources:\n");
    assert!(infra.starts_with("infra/api.yaml:1: must begin with: # Goes into template.yaml"), "{infra}");
    let section = refusal("infra/api.yaml", &format!("# Goes into {FORM}\nResource:\n  A: 1\n"));
    assert_eq!(section, "infra/api.yaml:2: Resource is no section of a template");
}
