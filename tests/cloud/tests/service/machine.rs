//! What the tests of all machine endpoints share: plain HTTP by hand, and a vault that shows
//! whether a token is any good.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};

use base64::prelude::{Engine, BASE64_URL_SAFE_NO_PAD};
use cloud::MachineEndpoint;
use serde_json::Value;

use crate::client::{escape, read_reply, Bench, Reply, AUDIENCE};

/// A request that is good until a test changes it.
#[derive(Clone)]
pub struct Request {
    address: SocketAddr,
    line: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// A GET of the endpoint's own address for a token for vaults.
    pub fn new(endpoint: &MachineEndpoint, api_version: &str) -> Request {
        let path = endpoint.url().replacen(&endpoint.origin(), "", 1);
        let host = endpoint.address().to_string();
        Request {
            address: endpoint.address(),
            line: "GET {} HTTP/1.1".to_owned(),
            path,
            query: Vec::new(),
            headers: Vec::new(),
        }
        .with("api-version", api_version)
        .with("resource", AUDIENCE)
        .header("Host", &host)
    }

    /// Sets a parameter.
    pub fn with(mut self, name: &str, value: &str) -> Request {
        self.query.retain(|(known, _)| known != name);
        self.also(name, value)
    }

    /// Adds a parameter, even a second time.
    pub fn also(mut self, name: &str, value: &str) -> Request {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Request {
        self.query.retain(|(known, _)| known != name);
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// Sets a header.
    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn path(mut self, path: &str) -> Request {
        path.clone_into(&mut self.path);
        self
    }

    /// Another request line; `{}` stands for path and query.
    pub fn line(mut self, line: &str) -> Request {
        line.clone_into(&mut self.line);
        self
    }

    /// Sends it on a connection of its own.
    pub fn send(&self) -> io::Result<Reply> {
        let mut stream = TcpStream::connect(self.address)?;
        self.send_on(&mut stream)
    }

    pub fn send_on(&self, stream: &mut TcpStream) -> io::Result<Reply> {
        self.write_on(stream)?;
        read_reply(stream)
    }

    /// Sends it without waiting for a reply.
    pub fn write_on(&self, stream: &mut TcpStream) -> io::Result<()> {
        let query: Vec<String> = self
            .query
            .iter()
            .map(|(name, value)| format!("{name}={}", escape(value)))
            .collect();
        let target = format!("{}?{}", self.path, query.join("&"));
        let mut request = self.line.replace("{}", &target);
        for (name, value) in &self.headers {
            request.push_str(&format!("\r\n{name}: {value}"));
        }
        request.push_str("\r\n\r\n");
        stream.write_all(request.as_bytes())
    }

    /// The reply's JSON, which must be a token.
    pub fn token(&self) -> Value {
        let reply = self.send().unwrap();
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()
    }
}

/// The claims of a token, unverified.
pub fn claims(reply: &Value) -> Value {
    let token = reply["access_token"].as_str().unwrap();
    let payload = token.split('.').nth(1).unwrap();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Whether the bench's vault gives out a secret for a token.
pub fn vault_accepts(bench: &Bench, reply: &Value) -> bool {
    bench.cloud.vault("factory7-edge").set("a", "one");
    let token = reply["access_token"].as_str();
    let read = bench.read_with("/secrets/a?api-version=7.4", token);
    read.status == 200 && read.json()["value"] == "one"
}
