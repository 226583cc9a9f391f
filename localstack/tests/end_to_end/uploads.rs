//! Creating drafts and posting their bytes: what is accepted, what is refused, and what is repeated.

use domain::media::{Encoding, Size};
use domain::quota;
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::pictures::{Picture, Pixels, gigapixel_png, small};
use crate::renditions::status;
use crate::world::{Answer, App, created_upload, eventually, same, upload_request};

/// Returns the form with one of its fields changed.
fn changed(upload: &Value, field: &str, value: &str) -> Value {
    let mut changed = upload.clone();
    assert!(changed["fields"][field].is_string(), "no {field} in {upload}");
    changed["fields"][field] = json!(value);
    changed
}

/// Asserts that S3 refused a form with this code.
#[track_caller]
fn refused_by_s3(answer: &Answer, status: u16, code: &str) {
    let text = answer.body.as_str().unwrap_or_default();
    assert!(answer.status == status && text.contains(&format!("<Code>{code}</Code>")), "{answer:?}");
}

#[tokio::test]
async fn when_a_form_is_used_for_anything_else_then_s3_should_refuse_it() {
    let app = App::new();
    let (anna, mallory) = (app.register("anna").await, app.register("mallory").await);
    let picture = small();
    let (photo, uploads) = anna.create_upload("", &[small()]).await;
    let (others, other_uploads) = mallory.create_upload("", &[small()]).await;
    let upload = &uploads[0];
    let post = async |upload: Value, bytes: &[u8]| app.post_form(&upload, bytes).await;

    let one_too_many = [picture.bytes.as_slice(), &[0]].concat();
    refused_by_s3(&post(upload.clone(), &one_too_many).await, 400, "EntityTooLarge");
    refused_by_s3(&post(upload.clone(), &[]).await, 400, "EntityTooSmall");
    let html = changed(upload, "Content-Type", "text/html");
    refused_by_s3(&post(html, &picture.bytes).await, 403, "AccessDenied");
    let her_key = other_uploads[0]["fields"]["key"].as_str().unwrap();
    refused_by_s3(&post(changed(upload, "key", her_key), &picture.bytes).await, 403, "AccessDenied");
    let served = app.behind.photo(&photo).await.address(0).key(Size::Large, Encoding::Jpeg);
    refused_by_s3(&post(changed(upload, "key", &served), &picture.bytes).await, 403, "AccessDenied");
    let forged = changed(upload, "x-amz-signature", &"0".repeat(64));
    refused_by_s3(&post(forged, &picture.bytes).await, 403, "SignatureDoesNotMatch");
    let policy = other_uploads[0]["fields"]["policy"].as_str().unwrap();
    refused_by_s3(
        &post(changed(upload, "policy", policy), &picture.bytes).await,
        403,
        "SignatureDoesNotMatch",
    );
    let mut unsigned = upload.clone();
    unsigned["fields"] = json!({ "key": upload["fields"]["key"], "Content-Type": "image/jpeg" });
    let answer = post(unsigned, &picture.bytes).await;
    assert_eq!(answer.status, 403, "{answer:?}");

    for (person, photo) in [(&anna, &photo), (&mallory, &others)] {
        assert_eq!(person.photo(photo).await["status"], "processing");
        assert!(app.behind.waiting(person.id, photo).await.is_empty());
        assert!(app.behind.kept(&app.behind.photo(photo).await).await.is_empty());
    }
    // The unchanged form is still valid.
    app.post_form(upload, &picture.bytes).await.expect(204);
    anna.until(&photo, "ready").await;
    eventually("the upload is cleared away", async || {
        same(app.behind.waiting(anna.id, &photo).await, &Vec::new()).map(drop)
    })
    .await;
}

#[tokio::test]
async fn when_a_file_is_no_picture_then_the_photo_should_fail_with_a_reason() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    bert.follow(&anna).await;
    assert!(bert.feed().await.is_empty());
    let whole = small().bytes;
    let tiff = b"II*\0\x08\0\0\0".to_vec();
    let cases = [
        (Picture::jpeg(whole[..whole.len() / 2].to_vec()), "image_corrupt"),
        (Picture::png(gigapixel_png()), "image_too_large"),
        (Picture::jpeg(tiff), "image_corrupt"),
        (Picture::jpeg(b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()), "image_unsupported"),
    ];
    for (bad, code) in cases {
        // The other picture is good. A photo is shown whole or not at all.
        let pictures = [small(), bad];
        let (photo, uploads) = anna.create_upload("Never seen", &pictures).await;
        for (upload, picture) in uploads.iter().zip(&pictures) {
            app.post_form(upload, &picture.bytes).await.expect(204);
        }
        let failed = anna.until(&photo, "failed").await;
        assert_eq!(failed["failure"]["code"], code);
        assert!(failed["failure"]["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{failed}");
        bert.get(&format!("/photos/{photo}")).await.refused(404, "photo_not_found");
        let stored = app.behind.photo(&photo).await;
        eventually("the uploads are cleared away, and what was made of the neighbour", async || {
            same(app.behind.waiting(anna.id, &photo).await, &Vec::new()).map(drop)?;
            same(app.behind.kept(&stored).await, &Vec::new()).map(drop)
        })
        .await;
    }
    app.behind.until_handled("uploads").await;
    app.behind.until_handled("fanout").await;
    assert!(bert.feed().await.is_empty());
    assert_eq!(bert.profile(&anna).await["photo_count"], 0);
}

#[tokio::test]
async fn when_pictures_are_of_other_formats_then_they_should_be_shown_too() {
    let app = App::new();
    let anna = app.register("anna").await;
    let pixels = Pixels::striped(200, 120);
    // The bytes decide the format of a file, not the declared type.
    let misnamed = Picture::png(pixels.jpeg());
    let photo =
        anna.post_photo("", &[Picture::png(pixels.png()), Picture::webp(pixels.webp()), misnamed]).await;
    let shown = anna.photo(&photo).await;
    for medium in shown["media"].as_array().unwrap() {
        assert_eq!((medium["width"].as_u64(), medium["height"].as_u64()), (Some(200), Some(120)));
        assert_eq!(status(&app, medium["urls"]["small"].as_str().unwrap()).await, 200);
    }
}

#[tokio::test]
async fn when_the_drafts_of_an_hour_are_used_up_then_the_next_waits() {
    let app = App::new();
    let anna = app.register("anna").await;
    let small = small();
    let body = upload_request("", std::slice::from_ref(&small));
    app.behind.use_up(&quota::UPLOADS, anna.id, i64::try_from(small.bytes.len()).unwrap()).await;
    anna.post("/photos", &body).await.expect(201);
    let before = app.behind.items_about(anna.id).await;
    let answer = anna.post("/photos", &body).await;
    answer.refused(429, "upload_limit_reached");
    let wait = answer.header("retry-after").parse::<u64>();
    assert!(wait.is_ok_and(|seconds| (1..=3_600).contains(&seconds)), "{answer:?}");
    assert_eq!(app.behind.items_about(anna.id).await, before);
    // Other users do not have to wait.
    app.register("bert").await.post("/photos", &body).await.expect(201);
}

#[tokio::test]
async fn when_a_draft_is_repeated_with_its_key_then_there_should_be_one_photo() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    let body = upload_request("Once", &[small()]);
    let send = async |body: &Value, key: &str| {
        anna.request(Method::POST, "/photos").header("idempotency-key", key).json(body).send().await
    };
    let (first, uploads) = created_upload(&send(&body, "one").await.expect(201));
    let (second, fresh) = created_upload(&send(&body, "one").await.expect(201));
    assert_eq!(first, second);
    let key = |uploads: &[Value]| uploads[0]["fields"]["key"].clone();
    assert_eq!(key(&uploads), key(&fresh));

    // The requests come all at once, as from a phone that loses its network.
    let answers = join_all((0..5).map(|_| send(&body, "two"))).await;
    let together: Vec<String> =
        answers.into_iter().map(|answer| created_upload(&answer.expect(201)).0).collect();
    assert!(together.iter().all(|photo| *photo == together[0]), "{together:?}");
    assert_ne!(together[0], first);

    app.post_form(&fresh[0], &small().bytes).await.expect(204);
    anna.until(&first, "ready").await;
    eventually("the photo is counted", async || {
        same(bert.profile(&anna).await["photo_count"].clone(), &json!(1)).map(drop)
    })
    .await;
    // The key stays used after the photo is ready, for this request and for no other.
    let repeated = send(&body, "one").await.expect(201);
    assert_eq!((&repeated["photo_id"], &repeated["status"]), (&json!(first), &json!("ready")));
    assert_eq!(repeated["uploads"], json!([]));
    send(&upload_request("Another", &[small()]), "one").await.refused(422, "idempotency_key_reused");
    // Each user's keys are their own.
    let theirs =
        bert.request(Method::POST, "/photos").header("idempotency-key", "one").json(&body).send().await;
    assert_ne!(created_upload(&theirs.expect(201)).0, first);
    let listed = bert.get(&format!("/users/{}/photos", anna.id)).await.expect(200);
    let ids: Vec<&Value> =
        listed["photos"].as_array().unwrap().iter().map(|photo| &photo["photo_id"]).collect();
    assert_eq!(ids, [&json!(first)]);
    assert_eq!(bert.profile(&anna).await["photo_count"], 1);
}

#[tokio::test]
async fn when_the_form_of_a_ready_photo_is_reused_then_it_should_not_change() {
    let app = App::new();
    let anna = app.register("anna").await;
    let (photo, uploads) = anna.create_upload("", &[Picture::jpeg(Pixels::striped(300, 300).jpeg())]).await;
    app.post_form(&uploads[0], &small().bytes).await.expect(204);
    let ready = anna.until(&photo, "ready").await;
    let url = ready["media"][0]["urls"]["large"].as_str().unwrap();
    let before = app.http.get(url).send().await.unwrap().bytes().await.unwrap();

    for other in [Pixels::striped(64, 64).jpeg(), b"no picture at all".to_vec()] {
        app.post_form(&uploads[0], &other).await.expect(204);
        eventually("the second upload is cleared away", async || {
            same(app.behind.waiting(anna.id, &photo).await, &Vec::new()).map(drop)
        })
        .await;
        assert_eq!(anna.photo(&photo).await, ready);
    }
    let key = app.behind.photo(&photo).await.address(0).key(Size::Large, Encoding::Jpeg);
    assert_eq!(app.behind.object(&key).await, before);
}

#[tokio::test]
async fn when_a_photo_is_deleted_before_its_upload_then_nothing_should_stay() {
    let app = App::new();
    let anna = app.register("anna").await;
    let (photo, uploads) = anna.create_upload("", &[small()]).await;
    let was = app.behind.photo(&photo).await;
    anna.delete(&format!("/photos/{photo}")).await.expect(204);
    app.post_form(&uploads[0], &small().bytes).await.expect(204);
    eventually("the upload is cleared away", async || {
        same(app.behind.waiting(anna.id, &photo).await, &Vec::new()).map(drop)
    })
    .await;
    app.behind.until_handled("uploads").await;
    assert!(app.behind.kept(&was).await.is_empty());
    anna.get(&format!("/photos/{photo}")).await.refused(404, "photo_not_found");
}
