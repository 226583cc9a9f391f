//! Only renditions reach the world from the buckets, and only through the CDN.

use reqwest::Method;

use crate::pictures::small;
use crate::renditions::fetch;
use crate::world::App;

#[tokio::test]
async fn when_a_request_has_no_signature_then_the_buckets_should_refuse_it() {
    let app = App::new();
    let anna = app.register("anna").await;
    let photo = anna.post_photo("", &[small()]).await;
    let bucket = |name: &str| format!("{}/{name}", app.cloud.endpoint);
    let (photos, uploads) = (bucket(app.behind.photos_bucket()), bucket(app.behind.uploads_bucket()));
    let photo = app.behind.photo(&photo).await;
    let kept = app.behind.kept(&photo).await;
    assert_eq!(kept.len(), 7);
    let objects = kept.iter().map(|key| format!("{photos}/{key}"));
    for url in objects.chain([format!("{photos}/"), format!("{uploads}/"), format!("{uploads}/incoming/x")]) {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
            let answer = app.fetch(method, &url).send().await;
            assert_eq!(answer.status, 403, "{answer:?}");
        }
    }
    assert_eq!(app.behind.kept(&photo).await, kept);
}

#[tokio::test]
async fn when_a_path_is_no_rendition_then_the_cdn_should_refuse_it() {
    let app = App::new();
    let anna = app.register("anna").await;
    let (photo, uploads) = anna.create_upload("", &[small(), small()]).await;
    app.post_form(&uploads[0], &small().bytes).await.expect(204);
    let cdn = &app.cloud.cdn_url;
    let (id, incoming) = (anna.id, uploads[0]["fields"]["key"].as_str().unwrap());
    for path in [
        format!("photos/original/{id}/{photo}/0"),
        "photos/".to_owned(),
        "photos/large/".to_owned(),
        "photos/profile/".to_owned(),
        "photos/profile/small/".to_owned(),
        format!("photos/profile/%2e%2e/original/{id}/{photo}/0"),
        format!("photos/large/%2e%2e/original/{id}/{photo}/0"),
        format!("photos/large%2F..%2Foriginal/{id}/{photo}/0"),
    ] {
        let answer = app.fetch(Method::GET, &format!("{cdn}/{path}")).send().await;
        assert!(matches!(answer.status, 403 | 404), "{answer:?}");
    }
    // A path of no other behaviour is one of the web client. It never leads to a file of somebody.
    for path in [incoming, ""] {
        let answer = app.http.get(format!("{cdn}/{path}")).send().await.unwrap();
        assert!(matches!(answer.status().as_u16(), 200 | 404), "{answer:?}");
        assert_ne!(answer.bytes().await.unwrap(), small().bytes);
    }
}

#[tokio::test]
async fn when_an_app_names_formats_then_the_cdn_should_serve_the_best() {
    let app = App::new();
    let anna = app.register("anna").await;
    let photo = anna.post_photo("", &[small()]).await;
    let shown = anna.photo(&photo).await;
    let url = shown["thumbnail_urls"]["medium"].as_str().unwrap();
    for (accept, wanted) in [
        ("image/webp", "image/webp"),
        ("image/avif,image/webp,*/*;q=0.8", "image/webp"),
        ("image/jpeg,image/webp;q=0.5", "image/jpeg"),
        ("image/webp;q=0, */*", "image/jpeg"),
        ("*/*", "image/jpeg"),
        ("image/jpeg", "image/jpeg"),
    ] {
        let response = app.http.get(url).header("accept", accept).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], wanted, "Accept: {accept}");
    }
    // The second time, the CDN answers from its cache.
    for webp in [false, true] {
        fetch(&app, url, webp).await;
        let request = app.http.get(url).header("accept", if webp { "image/webp" } else { "image/jpeg" });
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["x-cache"], "Hit from cloudfront");
    }
    for method in [Method::PUT, Method::POST, Method::DELETE] {
        let answer = app.fetch(method, url).send().await;
        assert_eq!(answer.status, 403, "{answer:?}");
    }
}
