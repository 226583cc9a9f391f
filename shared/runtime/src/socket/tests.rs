use super::*;

/// Answers with what the event was.
struct Echo;

#[derive(Debug, thiserror::Error)]
#[error("the table is away")]
struct Away;

impl Handler for Echo {
    type Error = Away;

    async fn handle(&self, event: Event) -> Result<Answer, Away> {
        Ok(match event {
            Event::Asked(handshake) => match handshake.token(true) {
                Some("away") => return Err(Away),
                Some(_) => Answer::Allow(opener()),
                None => Answer::Refuse,
            },
            Event::Opened(_, handshake) => Answer::Open(handshake.protocol()),
            Event::Said(connection, said) => Answer::Say(json!({ connection.id: said })),
            Event::Closed(connection) => {
                assert_eq!(connection, Connection { id: "c-1".to_owned(), opener: opener() });
                Answer::Done
            }
        })
    }
}

fn opener() -> Opener {
    serde_json::from_value(
        json!({ "user_id": "7", "session_id": "0".repeat(32), "issued_at": "1790000000000" }),
    )
    .unwrap()
}

/// Returns an event of API Gateway, with more of it.
fn request(kind: &str, more: &Value) -> Value {
    let mut request = json!({
        "requestContext": {
            "routeKey": "$default",
            "eventType": kind,
            "connectionId": "c-1",
            "connectedAt": 1_790_000_000_000_i64,
            "identity": { "sourceIp": "192.0.2.1" },
            "authorizer": {
                "principalId": "7",
                "user_id": "7",
                "session_id": "0".repeat(32),
                "issued_at": "1790000000000",
                "integrationLatency": 12,
            },
        },
        "isBase64Encoded": false,
    });
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

async fn ask(request: Value) -> Value {
    answer(&Echo, serde_json::from_value(request).unwrap()).await
}

/// Returns the handshake with these subprotocols.
fn offering(protocols: &str) -> Handshake {
    let headers = HashMap::from([("sec-websocket-protocol".to_owned(), protocols.to_owned())]);
    Handshake { headers, query: HashMap::from([("access_token".to_owned(), "q".to_owned())]) }
}

#[tokio::test]
async fn an_authorizer_allows_or_refuses_one_resource() {
    let asked = |headers: Value| {
        let mut asked =
            request("CONNECT", &json!({ "type": "REQUEST", "methodArn": "arn:a", "headers": headers }));
        asked["requestContext"].as_object_mut().unwrap().remove("authorizer");
        asked
    };
    let allowed = ask(asked(json!({ "Sec-WebSocket-Protocol": "lambdagram.v1, bearer.t" }))).await;
    assert_eq!(allowed["policyDocument"]["Statement"][0]["Effect"], "Allow");
    assert_eq!(allowed["policyDocument"]["Statement"][0]["Resource"], "arn:a");
    assert_eq!(
        allowed["context"],
        json!({ "user_id": "7", "session_id": "0".repeat(32), "issued_at": "1790000000000" })
    );
    let refused = ask(asked(json!({}))).await;
    assert_eq!(refused["policyDocument"]["Statement"][0]["Effect"], "Deny");
    let failed = ask(asked(json!({ "sec-websocket-protocol": "bearer.away" }))).await;
    assert_eq!(failed, json!({ "statusCode": 500 }));
}

#[tokio::test]
async fn later_events_know_who_opened_the_socket() {
    let headers = json!({ "headers": { "Sec-WebSocket-Protocol": "lambdagram.v1" } });
    let opened = ask(request("CONNECT", &headers)).await;
    assert_eq!(opened["headers"], json!({ "Sec-WebSocket-Protocol": "lambdagram.v1" }));
    assert_eq!(ask(request("CONNECT", &json!({}))).await, json!({ "statusCode": 200 }));
    let said = ask(request("MESSAGE", &json!({ "body": "hello" }))).await;
    assert_eq!(said, json!({ "statusCode": 200, "body": r#"{"c-1":"hello"}"# }));
    assert_eq!(ask(request("DISCONNECT", &json!({ "body": null }))).await, json!({ "statusCode": 200 }));
    assert_eq!(opener().session().issued_at, Timestamp(1_790_000_000_000));

    let mut unknown = request("MESSAGE", &json!({}));
    unknown["requestContext"]["authorizer"] = Value::Null;
    assert_eq!(ask(unknown).await, json!({ "statusCode": 500 }));
}

#[test]
fn a_token_is_a_subprotocol_and_a_parameter_where_allowed() {
    assert_eq!(offering("lambdagram.v1, bearer.a.b.c").token(false), Some("a.b.c"));
    assert_eq!(offering("lambdagram.v1").token(false), None);
    assert_eq!(offering("lambdagram.v1").token(true), Some("q"));
    assert_eq!(offering("bearer.a").token(true), Some("a"));
}

#[test]
fn a_client_speaks_our_subprotocol_or_names_none() {
    let spoken = ["lambdagram.v1", "bearer.t,lambdagram.v1", "graphql , lambdagram.v1", ""];
    assert!(spoken.iter().all(|protocols| offering(protocols).is_ours()));
    assert!(!["graphql", "bearer.t", "lambdagram.v2"].iter().any(|protocols| offering(protocols).is_ours()));
    assert_eq!(offering("graphql").protocol(), None);
    assert_eq!(offering("bearer.t, lambdagram.v1").protocol(), Some(PROTOCOL));
}
