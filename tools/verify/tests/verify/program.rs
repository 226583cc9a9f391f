//! The program, as an operator runs it.

use std::convert::Infallible;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use messages::repair::Repair;
use table::keys::ItemKey;
use testkit::{Engine, World};

use crate::stage::Small;

/// Returns the address of an engine.
async fn endpoint(engine: &Engine) -> String {
    let address = Arc::<Mutex<String>>::default();
    let heard = address.clone();
    let request = engine.client().list_tables().customize().map_request(move |request| {
        request.uri().clone_into(&mut heard.lock().unwrap());
        Ok::<_, Infallible>(request)
    });
    request.send().await.unwrap();
    let address = address.lock().unwrap();
    address.clone()
}

/// Runs the program beside the engine, which answers it from this process.
async fn run(world: &World, table: &str, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_verify"));
    program
        .env_clear()
        .envs([
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ])
        .env("AWS_ENDPOINT_URL_DYNAMODB", endpoint(&world.engine).await)
        .args(["--table", table, "--patience", "0"])
        .args(arguments);
    tokio::task::spawn_blocking(move || program.output().unwrap()).await.unwrap()
}

fn last_line(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).lines().last().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_healthy_table_exits_with_0() {
    let small = Small::new().await;
    let output =
        run(&small.world, small.world.engine.table_name(), &["--segments", "2", "--rate", "100000"]).await;
    assert_eq!((output.status.code(), last_line(&output).as_str()), (Some(0), "16 counters, 0 drifted"));
    assert!(String::from_utf8_lossy(&output.stdout).contains(" RRU"), "what it cost is said");
}

#[tokio::test]
async fn a_drift_exits_with_1_and_leaves_its_repair() {
    let small = Small::new().await;
    small.set(ItemKey::Photo(small.second), "likes", 3).await;
    let file = std::env::temp_dir().join(format!("verify-{}.jsonl", std::process::id()));
    let output =
        run(&small.world, small.world.engine.table_name(), &["--repairs", file.to_str().unwrap()]).await;
    assert_eq!((output.status.code(), last_line(&output).as_str()), (Some(1), "16 counters, 1 drifted"));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let repairs: Vec<Repair> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(repairs.len(), 1);
    assert_eq!(repairs[0].recount.photos, [small.second]);
}

#[tokio::test]
async fn a_table_that_cannot_be_read_exits_with_2() {
    let world = World::new().await;
    let output = run(&world, "another", &[]).await;
    assert_eq!((output.status.code(), last_line(&output).as_str()), (Some(2), ""));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("the table cannot be scanned"), "{said}");
}
