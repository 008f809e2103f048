// SPDX-License-Identifier: Apache-2.0
//! The proxy itself.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::inject::{After, inject};
use crate::message::Message;
use crate::{Call, Fault};

/// Which calls are broken, how, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disturbance {
    /// The operation, such as `GetItem`, or that and what it is about, such as `GetObject a/b.json` (see
    /// [`Call::subject`]); `*` for every one.
    pub operation: String,
    /// The role's name (see [`Call::principal`]); `*` for every one.
    pub principal: String,
    /// What happens to them.
    pub fault: Fault,
    /// The calls that are let through before the first is broken.
    pub skip: usize,
    /// How many are broken.
    pub times: usize,
    /// Whether those get lost on their way: they are not carried out, and the reply that the fault breaks is
    /// the recording's.
    pub lost: bool,
}

/// The replies that a proxy saw, by call: the last of each.
#[derive(Clone, Debug, Default)]
pub struct Recording(Arc<HashMap<Call, Message>>);

/// A running proxy. It ends when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[derive(Debug)]
pub(crate) struct State {
    upstream: String,
    disturbance: Option<Disturbance>,
    /// How many calls fitted the disturbance so far.
    fitted: AtomicUsize,
    broken: AtomicUsize,
    calls: AtomicUsize,
    sessions: Mutex<HashMap<String, String>>,
    seen: Mutex<HashMap<Call, Message>>,
    pub(crate) recording: Recording,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recording {
    /// The replies of both; of this one, where both have one to a call.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        let mut both = (*other.0).clone();
        both.extend(
            self.0
                .iter()
                .map(|(call, reply)| (call.clone(), reply.clone())),
        );
        Self(Arc::new(both))
    }

    /// The calls whose replies these are, in no order.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.0.keys()
    }

    /// The reply to a call.
    pub(crate) fn reply(&self, call: &Call) -> Option<&Message> {
        self.0.get(call)
    }

    /// The reply to some call that fits.
    pub(crate) fn find(&self, fits: impl Fn(&Call) -> bool) -> Option<&Message> {
        let mut found: Vec<_> = self.0.iter().filter(|(call, _)| fits(call)).collect();
        // The same in every run.
        found.sort_by(|(a, _), (b, _)| {
            let of = |call: &Call| {
                let Call {
                    operation,
                    principal,
                    subject,
                    ..
                } = call.clone();
                (call.service, operation, principal, subject)
            };
            of(a).cmp(&of(b))
        });
        found.first().map(|(_, reply)| *reply)
    }
}

impl Proxy {
    /// Starts a proxy on a free port of 127.0.0.1, before the endpoint at `upstream` (`HOST:PORT`).
    /// `recording` is where faults that mix up replies take them from.
    ///
    /// # Panics
    ///
    /// Where loopback has no port left.
    pub async fn start(
        upstream: &str,
        disturbance: Option<Disturbance>,
        recording: Recording,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("loopback has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let state = Arc::new(State {
            upstream: upstream.to_owned(),
            disturbance,
            fitted: AtomicUsize::new(0),
            broken: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
            sessions: Mutex::default(),
            seen: Mutex::default(),
            recording,
        });
        let serving = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self {
            url: format!("http://{address}"),
            state,
            serving,
        }
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How many calls were broken.
    #[must_use]
    pub fn broken(&self) -> usize {
        self.state.broken.load(Ordering::Relaxed)
    }

    /// How many calls there were, broken ones included.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.state.calls.load(Ordering::Relaxed)
    }

    /// The replies so far.
    #[must_use]
    pub fn recording(&self) -> Recording {
        Recording(Arc::new(lock(&self.state.seen).clone()))
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        connections.spawn(converse(stream, Arc::clone(&state)));
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(mut stream: TcpStream, state: Arc<State>) {
    let _ = stream.set_nodelay(true);
    let (mut requests, mut replies) = (Vec::new(), Vec::new());
    let mut upstream: Option<TcpStream> = None;
    while let Some(request) = Message::read(&mut stream, &mut requests, false).await {
        let call = Call::of(&request, &lock(&state.sessions));
        state.calls.fetch_add(1, Ordering::Relaxed);
        let fault = state.fault(&call);
        let lost = fault.is_some() && state.disturbance.as_ref().is_some_and(|it| it.lost);
        let reply = if lost {
            state.recording.reply(&call).cloned()
        } else {
            let asked = ask(&state.upstream, &mut upstream, &request, &mut replies).await;
            asked.inspect(|reply| state.remember(&call, reply))
        };
        let Some(reply) = reply else {
            return;
        };
        let Some(fault) = fault else {
            if stream.write_all(&reply.bytes()).await.is_err() {
                return;
            }
            continue;
        };
        state.broken.fetch_add(1, Ordering::Relaxed);
        match inject(fault, &call, &reply, &state.recording, &mut stream).await {
            After::GoOn => {}
            After::Close => return,
        }
    }
}

/// What the endpoint behind answers.
async fn ask(
    address: &str,
    upstream: &mut Option<TcpStream>,
    request: &Message,
    replies: &mut Vec<u8>,
) -> Option<Message> {
    let behind = match upstream {
        Some(behind) => behind,
        none => none.insert(TcpStream::connect(address).await.ok()?),
    };
    let _ = behind.set_nodelay(true);
    behind.write_all(&request.bytes()).await.ok()?;
    Message::read(behind, replies, request.is_head()).await
}

impl State {
    fn fault(&self, call: &Call) -> Option<Fault> {
        let disturbance = self.disturbance.as_ref()?;
        let (wanted, whose) = (&*disturbance.operation, &*disturbance.principal);
        if (wanted != "*" && !call.is(wanted)) || (whose != "*" && whose != call.principal) {
            return None;
        }
        let number = self.fitted.fetch_add(1, Ordering::Relaxed);
        let broken = disturbance.skip..disturbance.skip.saturating_add(disturbance.times);
        broken.contains(&number).then_some(disturbance.fault)
    }

    fn remember(&self, call: &Call, reply: &Message) {
        if call.operation == "AssumeRole"
            && let Ok(text) = str::from_utf8(&reply.body)
            && let Some((_, rest)) = text.split_once("<AccessKeyId>")
            && let Some((id, _)) = rest.split_once('<')
        {
            lock(&self.sessions).insert(id.to_owned(), call.principal.clone());
        }
        lock(&self.seen).insert(call.clone(), reply.clone());
    }
}
