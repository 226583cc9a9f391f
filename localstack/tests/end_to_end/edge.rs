//! What the one address of web client, API and pictures adds to each.

use reqwest::Method;
use serde_json::{Value, json};

use crate::pictures::small;
use crate::world::{App, PASSWORD};

/// The place that `localstack/cloud/trial.py` has the edge name for every viewer.
const PLACE: &str = "Lyon, France";

#[tokio::test]
async fn when_user_logs_in_at_the_edge_then_the_session_should_say_where() {
    let app = App::new();
    let anna = app.register("anna").await;
    let body = json!({ "login": anna.username, "password": PASSWORD });
    // Whoever names a place past the edge is not believed.
    let claimed = [("cloudfront-viewer-city", "Rome"), ("cloudfront-viewer-country-name", "Italy")];
    for base in [app.cloud.cdn_url.as_str(), app.cloud.api_url.trim_end_matches('/')] {
        let request = app.fetch(Method::POST, &format!("{base}/api/v1/auth/login"));
        let request = claimed.iter().fold(request, |request, (name, value)| request.header(name, value));
        request.json(&body).send().await.expect(200);
    }
    let listed = anna.get("/users/me/sessions").await.expect(200);
    let sessions = listed["sessions"].as_array().unwrap();
    let places: Vec<&Value> = sessions.iter().map(|session| &session["place"]).collect();
    // The newest first: past the edge, at the edge, and the registration past the edge.
    assert_eq!(places, [&Value::Null, &json!(PLACE), &Value::Null], "{listed}");
}

#[tokio::test]
async fn when_a_page_of_any_origin_asks_then_it_may_post_a_form() {
    let app = App::new();
    let anna = app.register("anna").await;
    let (_, uploads) = anna.create_upload("", &[small()]).await;
    let url = uploads[0]["url"].as_str().unwrap();
    for origin in [app.cloud.cdn_url.as_str(), "https://photos.example"] {
        let preflight = app.fetch(Method::OPTIONS, url).header("origin", origin);
        let preflight = preflight.header("access-control-request-method", "POST").send().await;
        assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (200, "*"));
    }
    app.post_form(&uploads[0], &small().bytes).await.expect(204);
}
