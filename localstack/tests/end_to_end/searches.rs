//! Searches of people, over the index that follows their profiles.

use serde_json::{Value, json};

use crate::world::{App, Person, eventually, same};

/// Returns the ids of those whom a search finds.
async fn found(by: &Person<'_>, typed: &str) -> Vec<Value> {
    let page = by.get(&format!("/search?q={typed}")).await.expect(200);
    page["users"].as_array().unwrap().iter().map(|user| user["user_id"].clone()).collect()
}

#[tokio::test]
async fn when_somebody_registers_and_is_renamed_then_searches_find_them() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    let me = json!(bert.id.to_string());
    // Names of a test are nobody else's.
    let tail: String = bert.username.chars().filter(char::is_ascii_alphanumeric).collect();
    eventually("the user name is found", async || {
        same(found(&anna, &bert.username).await, &vec![me.clone()])
    })
    .await;
    for (name, typed) in [
        (format!("Ngọc{tail} Ánh"), format!("ngoc{tail}%20an")),
        (format!("Ünal{tail}"), format!("unal{tail}")),
    ] {
        bert.patch("/users/me", &json!({ "full_name": name })).await.expect(200);
        eventually("the new name is found", async || same(found(&anna, &typed).await, &vec![me.clone()]))
            .await;
    }
    eventually("the old name is not", async || same(found(&anna, &format!("ngoc{tail}")).await, &Vec::new()))
        .await;
    anna.get("/search?q=").await.refused(400, "query_empty");
}
