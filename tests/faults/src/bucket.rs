// SPDX-License-Identifier: Apache-2.0
//! Buckets of S3 in memory, as far as the steps of a large run ask for them: `PutObject`, `GetObject`,
//! `HeadObject`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::message::{Message, response};

/// What is kept of an object: its bytes, and the checksum that came with them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Object {
    body: Vec<u8>,
    checksum: Option<String>,
}

/// Objects by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objects(BTreeMap<String, Object>);

/// A running server. It ends when this is dropped.
#[derive(Debug)]
pub struct Bucket {
    address: String,
    objects: Arc<Mutex<Objects>>,
    serving: JoinHandle<()>,
}

impl Drop for Bucket {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Bucket {
    /// Serves these objects on a free port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// Where loopback has no port left.
    pub async fn start(objects: Objects) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("loopback has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let objects = Arc::new(Mutex::new(objects));
        Self {
            address: address.to_string(),
            serving: tokio::spawn(accept(listener, Arc::clone(&objects))),
            objects,
        }
    }

    /// `HOST:PORT`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What is kept now.
    #[must_use]
    pub fn objects(&self) -> Objects {
        lock(&self.objects).clone()
    }
}

impl Objects {
    /// These but for those whose path ends so.
    #[must_use]
    pub fn without(mut self, end: &str) -> Self {
        self.0.retain(|path, _| !path.ends_with(end));
        self
    }
}

fn lock(objects: &Mutex<Objects>) -> MutexGuard<'_, Objects> {
    objects.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, objects: Arc<Mutex<Objects>>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        connections.spawn(converse(stream, Arc::clone(&objects)));
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(mut stream: TcpStream, objects: Arc<Mutex<Objects>>) {
    let _ = stream.set_nodelay(true);
    let mut buffer = Vec::new();
    while let Some(request) = Message::read(&mut stream, &mut buffer, false).await {
        let reply = answer(&request, &mut lock(&objects));
        if stream.write_all(&reply).await.is_err() {
            return;
        }
    }
}

/// S3 keeps the checksum of an object and tells it to whoever reads the whole:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>.
const CHECKSUM: &str = "x-amz-checksum-crc32";

/// The `ETag` is opaque to whoever wrote the object: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html>.
const STORED: &[u8] =
    b"HTTP/1.1 200 X\r\netag: \"9a0364b9e99bb480dd25e1f0284c8555\"\r\ncontent-length: 0\r\n\r\n";

fn answer(request: &Message, objects: &mut Objects) -> Vec<u8> {
    let (method, rest) = request.line().split_once(' ').unwrap_or_default();
    let path = rest.split([' ', '?']).next().unwrap_or_default();
    match (method, objects.0.get(path)) {
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        ("PUT", Some(_)) if request.header("if-none-match") == Some("*") => response(
            412,
            "application/xml",
            b"<Error><Code>PreconditionFailed</Code><Message>At least one of the pre-conditions you specified did \
              not hold</Message><Condition>If-None-Match</Condition></Error>",
        ),
        ("PUT", _) => {
            let object = Object {
                body: request.body.clone(),
                checksum: request.header(CHECKSUM).map(str::to_owned),
            };
            objects.0.insert(path.to_owned(), object);
            STORED.to_vec()
        }
        ("GET" | "HEAD", Some(object)) => {
            let checksum = object.checksum.as_ref();
            let checksum = checksum.map_or_else(String::new, |sum| format!("{CHECKSUM}: {sum}\r\n"));
            let length = object.body.len();
            let mut reply = format!(
                "HTTP/1.1 200 X\r\ncontent-type: application/json\r\n{checksum}content-length: {length}\r\n\r\n"
            )
            .into_bytes();
            if method == "GET" {
                reply.extend_from_slice(&object.body);
            }
            reply
        }
        ("HEAD", None) => response(404, "application/xml", b""),
        ("GET", None) => response(
            404,
            "application/xml",
            b"<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>",
        ),
        _ => response(501, "application/xml", b"<Error><Code>NotImplemented</Code></Error>"),
    }
}
