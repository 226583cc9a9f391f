//! A function as Lambda runs it: a process of its own that asks the Runtime API for work.
//!
//! The test starts its own binary again, with Lambda's environment variables set.
//! In that process the test `function` is the function and no test. A small server stands for the Runtime
//! API and for `DynamoDB`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use api::{Call, Problem, Reply};
use aws_sdk_dynamodb::types::AttributeValue;
use runtime::{Aws, http, metrics, trace};
use serde_json::{Value, json};

const SWITCH: &str = "RUN_AS_FUNCTION";
const TIMEOUT: Duration = Duration::from_secs(30);

/// A handler that reads an item, then returns its trace header.
struct Echo {
    table: aws_sdk_dynamodb::Client,
}

impl Echo {
    fn new(aws: &Aws) -> Self {
        Self { table: aws.dynamodb() }
    }
}

impl http::Handler for Echo {
    async fn handle(&self, _call: &Call) -> Result<Reply, Problem> {
        let get = self.table.get_item().table_name("t").key("id", AttributeValue::S("1".to_owned()));
        get.send().await.map_err(Problem::internal)?;
        metrics::count("echoes", 1);
        tracing::info!("echoed");
        Reply::ok(&json!({ "trace": trace::current() }))
    }
}

#[tokio::test]
async fn function() {
    if runtime::config::environment(SWITCH).is_some() {
        let aws = runtime::start("echo").await.unwrap();
        http::run_public(Echo::new(&aws), &aws).await.unwrap();
    }
}

/// A request that reached the server: its first line and its body.
type Seen = (String, String);

fn serve(stream: TcpStream, seen: &Sender<Seen>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    let mut invocations = 0;
    loop {
        let mut first = String::new();
        reader.read_line(&mut first).ok().filter(|length| *length > 0)?;
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim().split_once(": ") else { break };
            headers.insert(name.to_lowercase(), value.to_owned());
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let first = first.trim().trim_end_matches(" HTTP/1.1").to_owned();
        let answer = if first.ends_with("/invocation/next") {
            invocations += 1;
            if invocations > 2 {
                return None;
            }
            let event = include_str!("http-event.json");
            format!(
                "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: invocation-{invocations}\r\n\
                 lambda-runtime-deadline-ms: 4102444800000\r\nlambda-runtime-invoked-function-arn: arn:aws:lambda:x\r\n\
                 lambda-runtime-trace-id: Root=1-{invocations}\r\ncontent-type: application/json\r\n\
                 content-length: {}\r\n\r\n{event}",
                event.len()
            )
        } else {
            let item = r#"{"ConsumedCapacity":{"TableName":"t","CapacityUnits":0.5}}"#;
            let body = if headers.contains_key("x-amz-target") { item } else { "{}" };
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        seen.send((first, String::from_utf8(body).unwrap())).ok()?;
        writer.write_all(answer.as_bytes()).ok()?;
    }
}

fn start_server() -> (String, Receiver<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let sender = sender.clone();
            std::thread::spawn(move || serve(stream.unwrap(), &sender));
        }
    });
    (address, receiver)
}

#[test]
fn a_function_answers_logs_and_measures() {
    if runtime::config::environment(SWITCH).is_some() {
        return;
    }
    let (address, seen) = start_server();
    let function = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "function", "--nocapture"])
        .env_clear()
        .envs([
            (SWITCH, "1"),
            ("AWS_LAMBDA_RUNTIME_API", &address),
            ("AWS_LAMBDA_FUNCTION_NAME", "echo"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_ENDPOINT_URL_DYNAMODB", &format!("http://{address}")),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();

    let mut requests = Vec::new();
    while requests.iter().filter(|(first, _): &&Seen| first.ends_with("/response")).count() < 2 {
        requests.push(seen.recv_timeout(TIMEOUT).expect("the function asks and answers"));
    }
    // The server closes the connection when asked for a third invocation, which ends the function.
    let output = function.wait_with_output().unwrap();

    let index = |wanted: &str| requests.iter().position(|(first, _)| first == wanted);
    let warm = index("GET /").expect("a connection to the table is opened");
    let next = index("GET /2018-06-01/runtime/invocation/next").unwrap();
    assert!(warm < next, "before the first invocation");
    let (_, answer) = requests.iter().find(|(first, _)| first.ends_with("/invocation-2/response")).unwrap();
    let answer: Value = serde_json::from_str(answer).unwrap();
    assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(200), &json!(r#"{"trace":"Root=1-2"}"#)));

    let lines: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [first, second] =
        [0, 1].map(|n| lines.iter().filter(|line| line.get("_aws").is_some()).nth(n).unwrap());
    assert_eq!((&first["cold_starts"], &second["cold_starts"]), (&json!(1), &json!(0)));
    assert_eq!((&second["function"], &second["invocation_id"]), (&json!("echo"), &json!("invocation-2")));
    assert_eq!((&second["echoes"], &second["read_units"]), (&json!(1), &json!(0.5)));
    assert_eq!(second["calls"]["GetItem"]["attempts"], 1);
    assert!(second["latency"].as_f64().unwrap() > 0.0);

    // The event has a header with control characters, which no line may show.
    assert!(lines.iter().all(|line| !line.to_string().contains("caf")));
    let logged = lines.iter().find(|line| line["message"] == "echoed").unwrap();
    assert_eq!(logged["spans"][0]["function"], "echo");
    assert_eq!(logged["spans"][0]["invocation_id"], "invocation-1");
    assert_eq!(logged["spans"][1]["request_id"], "LV7fzho-PHcEJPw=");
    assert_eq!(logged["spans"][1]["route"], "GET /api/v1/echo");
}
