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

/// A running listener. Dropping it ends all its threads and closes all its sockets.
pub(crate) struct Server {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(
        shared: Arc<Shared>,
        listener: TcpListener,
        config: Arc<ServerConfig>,
    ) -> io::Result<Server> {
        let accepting = shared.clone();
        let thread = thread::Builder::new()
            .name("cloud".to_owned())
            .spawn(move || accept(&accepting, &listener, &config))?;
        Ok(Server {
            shared,
            thread: Some(thread),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.stop();
        // Wakes the listener from `accept`.
        let _ = TcpStream::connect(self.shared.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accept(shared: &Arc<Shared>, listener: &TcpListener, config: &Arc<ServerConfig>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    for (number, stream) in (1..).zip(listener.incoming()) {
        if shared.stop.is_stopped() {
            break;
        }
        threads.retain(|thread| !thread.is_finished());
        let Ok(stream) = stream else { continue };
        if shared.open.keep(number, &stream).is_err() {
            continue;
        }
        let (shared, config) = (shared.clone(), config.clone());
        threads.push(thread::spawn(move || {
            let connection = Connection::new(shared.clone(), number);
            // What breaks a connection is the client's matter: its records tell.
            let _ = connection.run(stream, config);
            shared.open.forget(number);
        }));
    }
    shared.open.shut_down();
    for thread in threads {
        let _ = thread.join();
    }
}
