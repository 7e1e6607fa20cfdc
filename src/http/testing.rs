//! A TLS server on the loopback interface that says what a test tells it to, and ports
//! that do not answer.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fs, thread};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{Pinned, Settings};
use crate::name::HostName;

/// What is wrong with a server's certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Expired,
    None,
    NotYetValid,
    OtherName,
}

/// How a server deals with one request.
pub(crate) enum Answer {
    /// Sends this and breaks off without close_notify.
    Cut(String),
    /// Sends this, its body at one byte in 20 ms.
    Drip(String),
    /// Sends this and ends the connection in order.
    Last(String),
    /// Sends this and waits for the next request.
    Whole(String),
}

pub(crate) struct Certificate {
    pub(crate) chain: CertificateDer<'static>,
    pub(crate) authority_pem: String,
    key: PrivateKeyDer<'static>,
}

/// A server for `vault.test` that gives each answer once, in order.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// The head (and body) of each request, as it came; a `CONNECT` too.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    bundle: tempfile::TempDir,
}

impl Server {
    pub(crate) fn start(fault: Fault, answers: Vec<Answer>) -> Self {
        Self::run(fault, answers, None)
    }

    /// The same behind a proxy that gives `greeting` to a `CONNECT`.
    pub(crate) fn behind_proxy(greeting: &'static str, answers: Vec<Answer>) -> Self {
        Self::run(Fault::None, answers, Some(greeting))
    }

    /// Settings that trust this server and lead `vault.test` to it.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            ca_file: Some(self.bundle.path().join("ca.pem")),
            resolve: vec![Pinned {
                host: host(),
                address: self.address,
            }],
            ..settings()
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
    fn run(fault: Fault, answers: Vec<Answer>, greeting: Option<&'static str>) -> Self {
        let made = certificate(fault);
        let bundle = tempfile::tempdir().unwrap();
        fs::write(bundle.path().join("ca.pem"), made.authority_pem).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.chain], made.key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            let config = Arc::new(config);
            let mut answers = answers.into_iter();
            while let Ok((mut socket, _)) = listener.accept() {
                if let Some(greeting) = greeting {
                    log.lock().unwrap().push(read_request(&mut socket));
                    socket.write_all(greeting.as_bytes()).unwrap();
                }
                let session = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(session, socket);
                serve(&mut stream, &mut answers, &log);
            }
        });
        Self {
            address,
            asked,
            bundle,
        }
    }
}

/// Serves one connection; any error ends it.
fn serve(
    stream: &mut StreamOwned<ServerConnection, TcpStream>,
    answers: &mut impl Iterator<Item = Answer>,
    log: &Mutex<Vec<String>>,
) {
    loop {
        let asked = read_request(stream);
        if asked.is_empty() {
            return;
        }
        log.lock().unwrap().push(asked);
        let sent = match answers.next() {
            Some(Answer::Whole(text)) => stream.write_all(text.as_bytes()),
            Some(Answer::Drip(text)) => drip(stream, &text),
            Some(Answer::Cut(text)) => {
                let _ = stream.write_all(text.as_bytes());
                return;
            }
            Some(Answer::Last(text)) => {
                let _ = stream.write_all(text.as_bytes());
                stream.conn.send_close_notify();
                let _ = stream.flush();
                return;
            }
            None => return,
        };
        if sent.is_err() {
            return;
        }
    }
}

fn drip(stream: &mut StreamOwned<ServerConnection, TcpStream>, text: &str) -> std::io::Result<()> {
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    stream.write_all(format!("{head}\r\n\r\n").as_bytes())?;
    body.bytes().try_for_each(|byte| {
        thread::sleep(Duration::from_millis(20));
        stream.write_all(&[byte])
    })
}

/// A request with its body, or as much as came.
pub(crate) fn read_request(stream: &mut impl Read) -> String {
    let (mut text, mut byte) = (String::new(), [0_u8]);
    let whole = |text: &str| {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length = head.split_once("content-length: ");
        let digits = length.and_then(|(_, rest)| rest.lines().next());
        Some(body.len() >= digits.map_or(0, |digits| digits.parse().unwrap()))
    };
    while whole(&text) != Some(true) && stream.read(&mut byte).is_ok_and(|count| count == 1) {
        text.push(char::from(byte[0]));
    }
    text
}

/// A certificate for `vault.test` by the authority "Test CA".
pub(crate) fn certificate(fault: Fault) -> Certificate {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority
        .distinguished_name
        .push(DnType::CommonName, "Test CA");
    let authority_key = KeyPair::generate().unwrap();
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let name = match fault {
        Fault::OtherName => "other.test",
        _ => "vault.test",
    };
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    match fault {
        Fault::Expired => params.not_after = rcgen::date_time_ymd(2001, 1, 1),
        Fault::NotYetValid => params.not_before = rcgen::date_time_ymd(4000, 1, 1),
        _ => {}
    }
    let key = KeyPair::generate().unwrap();
    let issuer = Issuer::new(authority, authority_key);
    Certificate {
        chain: params.signed_by(&key, &issuer).unwrap().der().clone(),
        authority_pem,
        key: key.into(),
    }
}

/// Settings that lead nowhere.
pub(crate) fn settings() -> Settings {
    Settings {
        proxy: None,
        no_proxy: Vec::new(),
        ca_file: None,
        ca_extra: None,
        timeout: Duration::from_secs(10),
        deadline: Duration::from_secs(30),
        max_requests: 20,
        resolve: Vec::new(),
    }
}

pub(crate) fn host() -> HostName {
    HostName::parse("vault.test").unwrap()
}

/// An address that refuses.
pub(crate) fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// An address that swallows: a listener whose queue is full. It does so while the second
/// value lives.
pub(crate) fn silent_port() -> (SocketAddr, impl Sized) {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::STREAM,
        None,
    )
    .unwrap();
    rustix::net::bind(&listener, &any).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let listener = TcpListener::from(listener);
    let address = listener.local_addr().unwrap();
    let patience = Duration::from_millis(100);
    let filling = || TcpStream::connect_timeout(&address, patience).ok();
    let held: Vec<TcpStream> = std::iter::from_fn(filling).collect();
    (address, (listener, held))
}
