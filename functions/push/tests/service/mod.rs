//! A push service on loopback that keeps what it gets, and answers what a test says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request that arrived.
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

#[derive(Default)]
struct State {
    answers: BTreeMap<String, (u16, Option<&'static str>)>,
    received: Vec<Received>,
    connections: usize,
}

pub(crate) struct Service {
    origin: String,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().unwrap().connections += 1;
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Self { origin, state, task }
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Sets the status of answers at a path, and when to ask again.
    pub(crate) fn answer(&self, path: &str, status: u16, retry_after: Option<&'static str>) {
        self.state.lock().unwrap().answers.insert(format!("/{path}"), (status, retry_after));
    }

    pub(crate) fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.state.lock().unwrap().received)
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// Closes the port.
    pub(crate) async fn stop(&self) {
        self.task.abort();
        while !self.task.is_finished() {
            tokio::task::yield_now().await;
        }
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
        let mut words = line.split(' ');
        let (method, path) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
        let mut headers = BTreeMap::new();
        loop {
            line.clear();
            stream.read_line(&mut line).await.unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let mut body = vec![0; headers["content-length"].parse().unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        let answer = {
            let mut state = state.lock().unwrap();
            let (status, after) = state.answers.get(&path).copied().unwrap_or((201, None));
            state.received.push(Received { method, path, headers, body });
            let after = after.map(|after| format!("retry-after: {after}\r\n")).unwrap_or_default();
            format!("HTTP/1.1 {status} -\r\nlocation: /elsewhere\r\n{after}content-length: 0\r\n\r\n")
        };
        stream.write_all(answer.as_bytes()).await.unwrap();
        line.clear();
    }
}
