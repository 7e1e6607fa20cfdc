//! The network cable between device and cloud: it can be pulled and put in again.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// A port of loopback that leads to the cloud while the cable is in.
pub struct Cable {
    address: SocketAddr,
    cloud: SocketAddr,
    line: Option<Line>,
}

struct Line {
    pulled: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Cable {
    /// A cable that is in.
    pub fn new(cloud: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        Ok(Self {
            address,
            cloud,
            line: Some(Line::new(listener, cloud)),
        })
    }

    /// Where the device finds the cloud.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Nothing answers at the address from now on.
    pub fn pull(&mut self) {
        if let Some(line) = self.line.take() {
            line.pulled.store(true, Ordering::SeqCst);
            // Wakes the thread, which then drops the listener.
            drop(TcpStream::connect(self.address));
            drop(line.thread.join());
        }
    }

    /// All is as before.
    pub fn put_in(&mut self) -> io::Result<()> {
        if self.line.is_none() {
            let listener = TcpListener::bind(self.address)?;
            self.line = Some(Line::new(listener, self.cloud));
        }
        Ok(())
    }
}

impl Line {
    fn new(listener: TcpListener, cloud: SocketAddr) -> Self {
        let pulled = Arc::new(AtomicBool::new(false));
        let seen = pulled.clone();
        let thread = thread::spawn(move || {
            for device in listener.incoming() {
                if seen.load(Ordering::SeqCst) {
                    return;
                }
                // A connection that fails is the device's to notice.
                drop(device.and_then(|device| join(device, cloud)));
            }
        });
        Self { pulled, thread }
    }
}

/// Copies in both directions until each side has ended.
fn join(device: TcpStream, cloud: SocketAddr) -> io::Result<()> {
    let cloud = TcpStream::connect(cloud)?;
    let ends = [(device.try_clone()?, cloud.try_clone()?), (cloud, device)];
    for (mut from, mut to) in ends {
        thread::spawn(move || {
            drop(io::copy(&mut from, &mut to));
            drop(to.shutdown(Shutdown::Write));
        });
    }
    Ok(())
}
