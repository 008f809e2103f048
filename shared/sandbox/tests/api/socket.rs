// SPDX-License-Identifier: Apache-2.0
//! The same over a real socket, several clients at once.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::world::World;

struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

async fn serve(world: &World) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let server = world.sandbox.clone().serve(listener, async {
        _ = stopped.await;
    });
    Served {
        address,
        stop,
        server: tokio::spawn(server),
    }
}

/// The request's bytes for a connection that stays open.
fn wire(request: &http::Request<String>) -> String {
    let start = format!("{} {} HTTP/1.1", request.method(), request.uri().path());
    let mut lines = vec![start, format!("content-length: {}", request.body().len())];
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        format!("{name}: {}", value.to_str().unwrap())
    };
    lines.extend(request.headers().iter().map(header));
    format!("{}\r\n\r\n{}", lines.join("\r\n"), request.body())
}

/// Reads one response: status line and body.
async fn response(stream: &mut TcpStream) -> (String, String) {
    let mut text = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let read = stream.read(&mut buffer).await.unwrap();
        assert_ne!(read, 0, "the connection was closed");
        text.extend_from_slice(buffer.get(..read).unwrap());
        let shown = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = shown.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                return (head.lines().next().unwrap().to_owned(), body.to_owned());
            }
        }
    }
}

fn list_keys(world: &World) -> http::Request<String> {
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "TrentService.ListKeys"),
    ];
    world.signed(&world.administrator(), "kms", &headers, "{}")
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let world = World::new();
    let served = serve(&world).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();

    for _ in 0..3 {
        stream
            .write_all(wire(&list_keys(&world)).as_bytes())
            .await
            .unwrap();
        let (status, body) = response(&mut stream).await;
        assert_eq!(status, "HTTP/1.1 200 OK");
        assert!(
            body.starts_with(r#"{"Keys":[{"KeyArn":"arn:aws:kms:us-east-1:111122223333:key/"#),
            "{body}"
        );
    }

    drop(stream);
    served.stop.send(()).unwrap();
    served.server.await.unwrap().unwrap();
}

#[tokio::test]
async fn several_clients_are_served_at_once() {
    let world = World::new();
    let served = serve(&world).await;
    let clients = (0..16).map(|_| {
        let (address, text) = (served.address, wire(&list_keys(&world)));
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(text.as_bytes()).await.unwrap();
            response(&mut stream).await.0
        })
    });

    for client in clients.collect::<Vec<_>>() {
        assert_eq!(client.await.unwrap(), "HTTP/1.1 200 OK");
    }
    assert_eq!(world.sandbox.calls().get("kms:ListKeys"), Some(&16));
}

#[tokio::test]
async fn a_body_beyond_every_limit_of_aws_is_not_read() {
    let world = World::new();
    let served = serve(&world).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();

    let head = "POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: TrentService.Encrypt\r\ncontent-length: 99999999\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();

    assert_eq!(
        response(&mut stream).await.0,
        "HTTP/1.1 413 Payload Too Large"
    );
}
