//! The listener, what its connections share, and how it all ends.
//!
//! A thread a connection, blocking. Stopping shuts the open sockets down and joins the threads;
//! whatever waits (a delay, a slow reply) waits on the stop signal.

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::ServerConfig;

use crate::clock::Clock;
use crate::connection::Connection;
use crate::device_code::DeviceCodes;
use crate::directory::Directory;
use crate::fault::Faults;
use crate::hook::Hooks;
use crate::lock;
use crate::log::Log;
use crate::metadata::Metadata;
use crate::national::National;
use crate::storage::AccountState;
use crate::subscriptions::Subscription;
use crate::tls::Certificates;
use crate::token::Tokens;
use crate::vault::VaultState;

/// All that the connections and the test's handle share.
pub(crate) struct Shared {
    /// By the host name of their blobs.
    pub accounts: Mutex<HashMap<String, AccountState>>,
    pub national: National,
    pub address: SocketAddr,
    pub clock: Clock,
    pub certificates: Arc<Certificates>,
    pub device_codes: Mutex<DeviceCodes>,
    pub directory: Mutex<Directory>,
    pub faults: Faults,
    pub hooks: Hooks,
    pub log: Log,
    pub metadata: Mutex<Metadata>,
    pub open: OpenStreams,
    pub stop: Stop,
    pub subscriptions: Mutex<Vec<Subscription>>,
    pub tokens: Tokens,
    /// By host name.
    pub vaults: Mutex<HashMap<String, VaultState>>,
}

/// Says once and for all that the server ends; waiting ends with it.
#[derive(Default)]
pub(crate) struct Stop {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    pub fn stop(&self) {
        *lock(&self.stopped) = true;
        self.changed.notify_all();
    }

    pub fn is_stopped(&self) -> bool {
        *lock(&self.stopped)
    }

    /// Waits for the time given, less if the server stops.
    pub fn pause(&self, time: Duration) {
        let stopped = lock(&self.stopped);
        let waited = self
            .changed
            .wait_timeout_while(stopped, time, |stopped| !*stopped);
        drop(waited);
    }
}

/// The sockets of all open connections, by the connection's number.
#[derive(Default)]
pub(crate) struct OpenStreams {
    streams: Mutex<HashMap<u64, TcpStream>>,
}

impl OpenStreams {
    /// Closes all of them, wherever they are in a request.
    pub fn shut_down(&self) {
        for stream in lock(&self.streams).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn keep(&self, number: u64, stream: &TcpStream) -> io::Result<()> {
        lock(&self.streams).insert(number, stream.try_clone()?);
        Ok(())
    }

    fn forget(&self, number: u64) {
        lock(&self.streams).remove(&number);
    }
}

/// What a listener serves, and what ends it.
pub(crate) trait Service: Send + Sync {
    fn address(&self) -> SocketAddr;
    fn open(&self) -> &OpenStreams;
    fn stop(&self) -> &Stop;
    /// Serves one connection to its end.
    fn serve(&self, number: u64, stream: TcpStream);
}

/// The cloud's hosts, over TLS.
pub(crate) struct Hosts {
    pub shared: Arc<Shared>,
    pub config: Arc<ServerConfig>,
}

impl Service for Hosts {
    fn address(&self) -> SocketAddr {
        self.shared.address
    }

    fn open(&self) -> &OpenStreams {
        &self.shared.open
    }

    fn stop(&self) -> &Stop {
        &self.shared.stop
    }

    fn serve(&self, number: u64, stream: TcpStream) {
        let connection = Connection::new(self.shared.clone(), number);
        // What breaks a connection is the client's matter: its records tell.
        let _ = connection.run(stream, self.config.clone());
    }
}

/// A running listener. Dropping it ends all its threads and closes all its sockets.
pub(crate) struct Server {
    service: Arc<dyn Service>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(service: Arc<dyn Service>, listener: TcpListener) -> io::Result<Server> {
        let accepting = service.clone();
        let thread = thread::Builder::new()
            .name("cloud".to_owned())
            .spawn(move || accept(&accepting, &listener))?;
        Ok(Server {
            service,
            thread: Some(thread),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.service.stop().stop();
        // Wakes the listener from `accept`.
        let _ = TcpStream::connect(self.service.address());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accept(service: &Arc<dyn Service>, listener: &TcpListener) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    for (number, stream) in (1..).zip(listener.incoming()) {
        if service.stop().is_stopped() {
            break;
        }
        threads.retain(|thread| !thread.is_finished());
        let Ok(stream) = stream else { continue };
        if service.open().keep(number, &stream).is_err() {
            continue;
        }
        let service = service.clone();
        threads.push(thread::spawn(move || {
            service.serve(number, stream);
            service.open().forget(number);
        }));
    }
    service.open().shut_down();
    for thread in threads {
        let _ = thread.join();
    }
}
