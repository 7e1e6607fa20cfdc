//! A forward proxy on loopback that takes CONNECT and nothing else.
//!
//! Every tunnel leads to one address, whatever host was asked for, so a client behind it needs no
//! name service. Names and ports that were asked for are logged.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use base64::prelude::{Engine, BASE64_STANDARD};

use crate::lock;

/// A running proxy. It stops when dropped.
pub struct ForwardProxy {
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

/// What the proxy does with a CONNECT that it would allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyMode {
    /// Answers 502.
    BadGateway,
    /// Answers 403.
    Forbidden,
    /// Takes the request and never answers.
    Hang,
    /// Answers 407 whatever the credentials.
    RefuseCredentials,
    /// Answers 200 and carries bytes both ways.
    Tunnel,
}

/// One request to the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connect {
    /// The method: anything but `CONNECT` is a client's mistake.
    pub method: String,
    /// `host:port` as asked for.
    pub target: String,
    /// The status answered; 0 for none.
    pub status: u16,
    /// Whether Proxy-Authorization came with it.
    pub had_credentials: bool,
    /// The names of all header fields, in lower case.
    pub headers: Vec<String>,
}

struct State {
    address: SocketAddr,
    target: SocketAddr,
    credentials: Option<String>,
    inner: Mutex<Inner>,
}

struct Inner {
    mode: ProxyMode,
    stopped: bool,
    connects: Vec<Connect>,
    open: Vec<TcpStream>,
}

impl ForwardProxy {
    /// Starts a proxy whose tunnels all lead to `target`. With user name and password, it asks for
    /// them by HTTP Basic.
    pub fn start(target: SocketAddr, auth: Option<(&str, &str)>) -> io::Result<ForwardProxy> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let state = Arc::new(State {
            address: listener.local_addr()?,
            target,
            credentials: auth.map(|(user, password)| {
                format!(
                    "Basic {}",
                    BASE64_STANDARD.encode(format!("{user}:{password}"))
                )
            }),
            inner: Mutex::new(Inner {
                mode: ProxyMode::Tunnel,
                stopped: false,
                connects: Vec::new(),
                open: Vec::new(),
            }),
        });
        let accepting = state.clone();
        let thread = thread::spawn(move || accept(&accepting, &listener));
        Ok(ForwardProxy {
            state,
            thread: Some(thread),
        })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.state.address
    }

    /// Its URL, without credentials.
    pub fn url(&self) -> String {
        format!("http://{}", self.state.address)
    }

    /// What it does with requests from now on.
    pub fn set_mode(&self, mode: ProxyMode) {
        lock(&self.state.inner).mode = mode;
    }

    /// All requests in order.
    pub fn connects(&self) -> Vec<Connect> {
        lock(&self.state.inner).connects.clone()
    }
}

impl Drop for ForwardProxy {
    fn drop(&mut self) {
        {
            let mut inner = lock(&self.state.inner);
            inner.stopped = true;
            for stream in inner.open.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        // Wakes the listener from `accept`.
        let _ = TcpStream::connect(self.state.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accept(state: &Arc<State>, listener: &TcpListener) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    for stream in listener.incoming().flatten() {
        threads.retain(|thread| !thread.is_finished());
        if !state.keep(&stream) {
            break;
        }
        let state = state.clone();
        threads.push(thread::spawn(move || {
            // What breaks a tunnel is its ends' matter.
            let _ = serve(&state, stream);
        }));
    }
    for thread in threads {
        let _ = thread.join();
    }
}

impl State {
    /// Keeps a stream so that stopping can shut it down; false once stopped.
    fn keep(&self, stream: &TcpStream) -> bool {
        let mut inner = lock(&self.inner);
        if inner.stopped {
            let _ = stream.shutdown(Shutdown::Both);
            return false;
        }
        inner.open.extend(stream.try_clone());
        true
    }
}

fn serve(state: &State, mut client: TcpStream) -> io::Result<()> {
    let Some(head) = read_head(&mut client)? else {
        return Ok(());
    };
    let mode = lock(&state.inner).mode;
    let status = state.decide(&head, mode);
    let mut connect = head.connect;
    connect.status = status;
    lock(&state.inner).connects.push(connect);
    let reply: &[u8] = match status {
        0 => {
            // Ends when the client gives up or the proxy stops.
            let _ = io::copy(&mut client, &mut io::sink());
            return Ok(());
        }
        200 => return tunnel(state, client),
        403 => b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        405 => b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        407 => b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"plant\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        _ => b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    };
    client.write_all(reply)?;
    client.shutdown(Shutdown::Both)
}

impl State {
    fn decide(&self, head: &Head, mode: ProxyMode) -> u16 {
        if head.connect.method != "CONNECT" {
            return 405;
        }
        if self.credentials.is_some() && self.credentials != head.credentials {
            return 407;
        }
        match mode {
            ProxyMode::BadGateway => 502,
            ProxyMode::Forbidden => 403,
            ProxyMode::Hang => 0,
            ProxyMode::RefuseCredentials => 407,
            ProxyMode::Tunnel => 200,
        }
    }
}

fn tunnel(state: &State, mut client: TcpStream) -> io::Result<()> {
    let Ok(mut server) = TcpStream::connect(state.target) else {
        return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    };
    if !state.keep(&server) {
        return Ok(());
    }
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
    let back = thread::spawn(move || {
        let _ = io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Write);
    });
    let _ = io::copy(&mut client, &mut server);
    let _ = server.shutdown(Shutdown::Write);
    let _ = back.join();
    Ok(())
}

struct Head {
    connect: Connect,
    credentials: Option<String>,
}

/// Reads a request head byte by byte: what follows it belongs to the tunnel.
fn read_head(client: &mut TcpStream) -> io::Result<Option<Head>> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if bytes.len() > 16 * 1024 || client.read(&mut byte)? == 0 {
            return Ok(None);
        }
        bytes.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let fields: Vec<(String, &str)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
        .collect();
    let credentials = fields
        .iter()
        .find(|(name, _)| name == "proxy-authorization")
        .map(|(_, value)| (*value).to_owned());
    Ok(Some(Head {
        connect: Connect {
            method: words.next().unwrap_or_default().to_owned(),
            target: words.next().unwrap_or_default().to_owned(),
            status: 0,
            had_credentials: credentials.is_some(),
            headers: fields.into_iter().map(|(name, _)| name).collect(),
        },
        credentials,
    }))
}
