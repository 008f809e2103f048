// SPDX-License-Identifier: Apache-2.0
//! The endpoint on loopback.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::answer::{self, Outgoing};
use crate::http::{self, Head};
use crate::precise::Timer;
use crate::{ACCOUNT, Request, Script, World};

/// The operator's access key id.
pub const ACCESS_KEY_ID: &str = "AKIASCRIPTEDRUNNER00";
/// The operator's secret.
pub const SECRET_ACCESS_KEY: &str = "scripted/runner/secret/0123456789abcdef0";

/// A running endpoint. It ends when this is dropped.
#[derive(Debug)]
pub struct Scripted {
    url: String,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A session that was handed out.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) role: String,
    pub(crate) user: String,
    /// When the session ends, if ever.
    pub(crate) ends: Option<Instant>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) script: Script,
    /// The world as writes have left it.
    pub(crate) world: Mutex<World>,
    pub(crate) sessions: Mutex<HashMap<String, Caller>>,
    pub(crate) counter: AtomicUsize,
    requests: Mutex<Vec<Request>>,
    timer: Timer,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Scripted {
    /// Starts an endpoint on a free port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// Where loopback has no port left.
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("loopback has a free port");
        Self::serve(listener, script)
    }

    /// Serves on this listener.
    ///
    /// # Panics
    ///
    /// Where the listener has no address.
    #[must_use]
    pub fn serve(listener: TcpListener, script: Script) -> Self {
        let url = format!(
            "http://{}",
            listener.local_addr().expect("a listener has an address")
        );
        let state = Arc::new(State {
            world: Mutex::new(script.world.clone()),
            script,
            sessions: Mutex::default(),
            counter: AtomicUsize::new(0),
            requests: Mutex::default(),
            timer: Timer::start(),
            under_way: AtomicUsize::new(0),
            most_under_way: AtomicUsize::new(0),
        });
        let serving = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self {
            url,
            state,
            serving,
        }
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The requests so far, in the order of their arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.state.requests).clone()
    }

    /// The requests so far of one operation.
    #[must_use]
    pub fn requests_of(&self, operation: &str) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|request| request.operation == operation);
        requests
    }

    /// How many requests were under way at once, at most.
    #[must_use]
    pub fn most_under_way(&self) -> usize {
        self.state.most_under_way.load(Ordering::Relaxed)
    }

    /// The only item of a table, as writes have left it.
    #[must_use]
    pub fn item(&self, table: &str) -> Option<serde_json::Value> {
        lock(&self.state.world).tables.get(table)?.item.clone()
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = tokio::task::JoinSet::new();
    for number in 0.. {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        connections.spawn(converse(stream, number, Arc::clone(&state)));
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(mut stream: TcpStream, number: usize, state: Arc<State>) {
    let _ = stream.set_nodelay(true);
    let mut buffer = Vec::with_capacity(4096);
    while let Some((head, body)) = http::read(&mut stream, &mut buffer).await {
        let arrived = Instant::now();
        let now = state.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        state.most_under_way.fetch_max(now, Ordering::Relaxed);
        let outgoing = state.answer(&head, &body, number);
        if !state.script.latency.is_zero() {
            state
                .timer
                .sleep_until(arrived + state.script.latency)
                .await;
        }
        state.under_way.fetch_sub(1, Ordering::Relaxed);
        match outgoing {
            Outgoing::Whole(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Outgoing::ThenClose(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Outgoing::Endless(head) => {
                let _ = stream.write_all(&head).await;
                while stream.write_all(&[b' '; 8 * 1024]).await.is_ok() {}
                return;
            }
            Outgoing::Close => return,
            Outgoing::Hang => std::future::pending().await,
        }
    }
}

impl State {
    fn answer(&self, head: &Head, body: &[u8], connection: usize) -> Outgoing {
        if self.script.forgetful
            && let Some(outgoing) = answer::known_read(self, head)
        {
            return outgoing;
        }
        let Some(mut request) = Request::read(head, body, connection) else {
            return answer::unknown();
        };
        let caller = self.caller(head);
        request.caller = caller.role;
        request.user = caller.user;
        request.expired = caller.ends.is_some_and(|ends| ends <= Instant::now());
        let outgoing = answer::to(self, &request);
        if !self.script.forgetful {
            lock(&self.requests).push(request);
        }
        outgoing
    }

    /// Who signed: the access key id in `Authorization: AWS4-HMAC-SHA256 Credential=ID/…`.
    fn caller(&self, head: &Head) -> Caller {
        let signed = head.header("authorization").unwrap_or_default();
        let id = signed
            .split_once("Credential=")
            .and_then(|(_, rest)| rest.split('/').next());
        let id = id.unwrap_or_default();
        if id == ACCESS_KEY_ID {
            let user = format!("arn:aws:iam::{ACCOUNT}:user/runner");
            return Caller {
                role: "runner".to_owned(),
                user,
                ends: None,
            };
        }
        lock(&self.sessions)
            .get(id)
            .cloned()
            .unwrap_or_else(|| Caller {
                role: "nobody".to_owned(),
                user: String::new(),
                ends: None,
            })
    }
}
