//! A power cut: everything is killed at once and started again, and nothing that was accepted is lost.
//!
//! The test has a cloud of its own, because the other tests would not survive it either.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::pictures::{Picture, Pixels, small};
use crate::renditions::status;
use crate::world::{App, PASSWORD, Person, eventually, same};

/// A local cloud that is removed with its state when the test ends, however it ends.
struct ThrowAway {
    root: PathBuf,
    state: PathBuf,
    port: u16,
}

impl ThrowAway {
    fn up() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned();
        let state = root.join(format!("target/trial/durability-{}", std::process::id()));
        let cloud = Self { root, state, port: three_free_ports() };
        cloud.start();
        cloud
    }

    fn start(&self) {
        let done = self.run(&["up", "--no-demo"]);
        let said = [done.stdout, done.stderr].concat();
        assert!(done.status.success(), "the cloud did not start: {}", String::from_utf8_lossy(&said));
    }

    /// Kills every process of the cloud, as a power cut would; returns the number of processes.
    fn kill(&self) -> usize {
        let listed = String::from_utf8(self.run(&["pids"]).stdout).unwrap();
        let pids: Vec<&str> = listed.split_whitespace().collect();
        let killed = Command::new("kill").arg("-9").args(&pids).stderr(Stdio::null()).status().unwrap();
        assert!(killed.success() || pids.len() > 3, "nothing was running: {pids:?}");
        pids.len()
    }

    fn app(&self) -> App {
        App::on(Cloud::of(&self.state))
    }

    /// Runs what the Makefile runs, with its own state and ports.
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("python3");
        command.args(["-m", "cloud"]).args(arguments).current_dir(&self.root).stdin(Stdio::null());
        // Variables that the test runner sets for cargo must not reach the cargo that this starts.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            let of_runner =
                ["CARGO_PKG", "CARGO_BIN", "CARGO_MANIFEST", "NEXTEST", "LD_LIBRARY", "LAMBDAGRAM"];
            if of_runner.iter().any(|prefix| name.starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command.env("PYTHONPATH", "localstack").env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("STATE", &self.state).env("PORT", self.port.to_string()).env_remove("ENDPOINT");
        command.output().unwrap()
    }
}

impl Drop for ThrowAway {
    fn drop(&mut self) {
        self.run(&["reset"]);
    }
}

/// Returns the first of three adjacent free ports.
fn three_free_ports() -> u16 {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    (34_560..44_560)
        .step_by(10)
        .find(|first| (*first..first + 3).all(free))
        .expect("three free neighbouring ports")
}

/// What has to be the same afterwards.
#[derive(Debug, PartialEq)]
struct Seen {
    profiles: Vec<Value>,
    feed: Vec<Value>,
    photo: Value,
    inbox: Value,
}

async fn look(anna: &Person<'_>, bert: &Person<'_>, photo: &str) -> Seen {
    Seen {
        profiles: vec![bert.profile(anna).await, anna.profile(bert).await],
        feed: bert.feed().await,
        photo: bert.photo(photo).await,
        inbox: anna.get("/notifications").await.expect(200),
    }
}

#[tokio::test]
async fn when_everything_is_killed_and_restarted_then_nothing_should_be_lost() {
    let cloud = ThrowAway::up();
    let before = cloud.app();
    let (anna, bert) = (before.register("anna").await, before.register("bert").await);
    bert.follow(&anna).await;
    assert!(bert.feed().await.is_empty());
    let photo = anna.post_photo("Before", &[small()]).await;
    bert.until_feed(&[&photo]).await;
    bert.like(&photo, 1).await;
    anna.until_inbox(2).await;
    eventually("the feed shows the like", async || {
        same(bert.feed().await[0]["likes_count"].clone(), &json!(1)).map(drop)
    })
    .await;
    let seen = look(&anna, &bert, &photo).await;
    // This upload is accepted, but far from done at the power cut.
    let late: Vec<Picture> = (0..3).map(|_| Picture::jpeg(Pixels::striped(1200, 900).jpeg())).collect();
    let (second, uploads) = anna.create_upload("At the very moment", &late).await;
    for (upload, picture) in uploads.iter().zip(&late) {
        before.post_form(upload, &picture.bytes).await.expect(204);
    }
    let killed = cloud.kill();
    assert!(killed >= 3, "table engine, emulator and CDN are three, and there were {killed}");

    cloud.start();
    let app = cloud.app();
    // Address and key are the same, so apps can still use their tokens.
    assert_eq!((&app.cloud.api_url, &app.cloud.cdn_url), (&before.cloud.api_url, &before.cloud.cdn_url));
    let [anna, bert] = [&anna, &bert].map(|person| Person {
        app: &app,
        id: person.id,
        username: person.username.clone(),
        email: person.email.clone(),
        access_token: person.access_token.clone(),
        refresh_token: person.refresh_token.clone(),
    });
    for url in [&seen.photo["url"], &seen.photo["thumbnail_urls"]["small"]] {
        assert_eq!(status(&app, url.as_str().unwrap()).await, 200);
    }
    // The upload in progress resumes where it was.
    anna.until(&second, "ready").await;
    bert.until_feed(&[&second, &photo]).await;
    eventually("both photos are counted", async || {
        same(bert.profile(&anna).await["photo_count"].clone(), &json!(2)).map(drop)
    })
    .await;
    anna.delete(&format!("/photos/{second}")).await.expect(204);
    bert.until_feed(&[&photo]).await;
    eventually("everything is as it was", async || same(look(&anna, &bert, &photo).await, &seen).map(drop))
        .await;

    app.post("/auth/login", &json!({ "login": bert.username, "password": PASSWORD })).await.expect(200);
    app.post("/auth/refresh", &json!({ "refresh_token": anna.refresh_token })).await.expect(200);
    bert.unfollow(&anna).await;
    bert.until_feed(&[]).await;
}
