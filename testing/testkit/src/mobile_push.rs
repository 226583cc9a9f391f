//! A fake SNS with the endpoints of apps. The client's requests are real.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_sns::Client;
use aws_sdk_sns::config::retry::RetryConfig;
use aws_sdk_sns::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use percent_encoding::percent_decode_str;

/// SNS, for apps. Clones are the same service.
#[derive(Clone, Debug, Default)]
pub struct MobilePush(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    endpoints: BTreeMap<String, Endpoint>,
    made: usize,
    asked: Vec<String>,
    published: Vec<BTreeMap<String, String>>,
    failures: Vec<(&'static str, u16, &'static str)>,
}

#[derive(Debug)]
struct Endpoint {
    application: String,
    token: String,
    enabled: bool,
}

/// What a call answers: the content of its result, or status, code and text of an error.
type Answer = Result<String, (u16, &'static str, String)>;

impl MobilePush {
    /// The application of iOS.
    pub const APNS: &str = "arn:aws:sns:eu-central-1:123456789012:app/APNS/lambdagram";
    /// The application of Android.
    pub const FCM: &str = "arn:aws:sns:eu-central-1:123456789012:app/GCM/lambdagram";

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a client of the service.
    pub fn client(&self) -> Client {
        let connector = SharedHttpConnector::new(self.clone());
        let config = aws_sdk_sns::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()));
        Client::from_conf(config.build())
    }

    /// Removes and returns the actions that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state().asked)
    }

    /// Removes and returns the parameters of what was published, in order.
    pub fn published(&self) -> Vec<BTreeMap<String, String>> {
        std::mem::take(&mut self.state().published)
    }

    /// Returns the ARNs of the endpoints, each with its token, and whether it is enabled.
    pub fn endpoints(&self) -> Vec<(String, String, bool)> {
        let state = self.state();
        let shown = state.endpoints.iter().map(|(arn, one)| (arn.clone(), one.token.clone(), one.enabled));
        shown.collect()
    }

    /// Disables an endpoint, as SNS does when its push service knows the token no longer.
    pub fn disable(&self, arn: &str) {
        self.state().endpoints.get_mut(arn).expect("an endpoint").enabled = false;
    }

    /// Deletes an endpoint.
    pub fn delete(&self, arn: &str) {
        self.state().endpoints.remove(arn);
    }

    /// Makes the next request for an action fail with this status and code.
    pub fn fail_action(&self, action: &'static str, status: u16, code: &'static str) {
        self.state().failures.push((action, status, code));
    }
}

impl State {
    fn answer(&mut self, asked: &BTreeMap<String, String>) -> Answer {
        let given = |name: &str| asked.get(name).cloned().unwrap_or_default();
        let action = given("Action");
        self.asked.push(action.clone());
        if let Some(place) = self.failures.iter().position(|(failing, ..)| *failing == action) {
            let (_, status, code) = self.failures.remove(place);
            return Err((status, code, "as the test says".to_owned()));
        }
        let arn = given("EndpointArn");
        match action.as_str() {
            "CreatePlatformEndpoint" => self.create(given("PlatformApplicationArn"), given("Token")),
            "GetEndpointAttributes" => {
                let endpoint = self.endpoints.get(&arn).ok_or_else(not_found)?;
                let entry =
                    |key: &str, value: &str| format!("<entry><key>{key}</key><value>{value}</value></entry>");
                let enabled = entry("Enabled", if endpoint.enabled { "true" } else { "false" });
                Ok(format!("<Attributes>{}{enabled}</Attributes>", entry("Token", &endpoint.token)))
            }
            "SetEndpointAttributes" => {
                let endpoint = self.endpoints.get_mut(&arn).ok_or_else(not_found)?;
                for place in 1..=2 {
                    let value = given(&format!("Attributes.entry.{place}.value"));
                    match given(&format!("Attributes.entry.{place}.key")).as_str() {
                        "Enabled" => endpoint.enabled = value == "true",
                        "Token" => endpoint.token = value,
                        other => panic!("there is no attribute {other}"),
                    }
                }
                Ok(String::new())
            }
            "DeleteEndpoint" => {
                self.endpoints.remove(&arn);
                Ok(String::new())
            }
            "Publish" => match self.endpoints.get(&given("TargetArn")) {
                None => {
                    let text =
                        "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified";
                    Err((400, "InvalidParameter", text.to_owned()))
                }
                Some(endpoint) if !endpoint.enabled => {
                    Err((400, "EndpointDisabled", "Endpoint is disabled".to_owned()))
                }
                Some(_) => {
                    self.published.push(asked.clone());
                    Ok("<MessageId>1</MessageId>".to_owned())
                }
            },
            other => panic!("SNS is asked for {other}"),
        }
    }

    fn create(&mut self, application: String, token: String) -> Answer {
        if token.contains("refused") {
            return Err((400, "InvalidParameter", "Invalid parameter: Token Reason: it is none".to_owned()));
        }
        let mut known = self.endpoints.iter();
        match known.find(|(_, one)| one.application == application && one.token == token) {
            Some((arn, Endpoint { enabled: true, .. })) => Ok(format!("<EndpointArn>{arn}</EndpointArn>")),
            Some((arn, _)) => {
                let text = format!(
                    "Invalid parameter: Token Reason: Endpoint {arn} already exists with the same Token, but different \
                     attributes."
                );
                Err((400, "InvalidParameter", text))
            }
            None => {
                self.made += 1;
                let arn = format!("{}/{}", application.replace(":app/", ":endpoint/"), self.made);
                self.endpoints.insert(arn.clone(), Endpoint { application, token, enabled: true });
                Ok(format!("<EndpointArn>{arn}</EndpointArn>"))
            }
        }
    }
}

fn not_found() -> (u16, &'static str, String) {
    (404, "NotFound", "Endpoint does not exist".to_owned())
}

/// Returns the fields of a form.
fn fields(form: &str) -> BTreeMap<String, String> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

impl HttpConnector for MobilePush {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked = fields(std::str::from_utf8(request.body().bytes().unwrap_or_default()).expect("a form"));
        let (action, answer) = (&asked["Action"], self.state().answer(&asked));
        let (status, body) = match answer {
            Ok(result) => (
                200,
                format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"),
            ),
            Err((status, code, text)) => (
                status,
                format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{text}</Message></Error></ErrorResponse>"
                ),
            ),
        };
        let response = HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body));
        HttpConnectorFuture::ready(Ok(response))
    }
}
