//! One endpoint as its connections see it: which service it is, and what a test has set.

use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use crate::directory::App;
use crate::fault::Faults;
use crate::http::{Reply, Request};
use crate::log::{Log, Logged};
use crate::machine::answer::Expiry;
use crate::machine::app_service::{self, Platform};
use crate::machine::arc::{self, ArcAgent, ArcChallenge};
use crate::machine::grant::{Kept, Problem};
use crate::machine::identity::{Assigned, Identity};
use crate::machine::key_file::KeyFiles;
use crate::machine::{connection, imds};
use crate::random;
use crate::server::{OpenStreams, Service, Shared, Stop};

/// One endpoint: what its connections and the test's handle share.
pub(crate) struct Machine {
    pub cloud: Arc<Shared>,
    pub address: SocketAddr,
    pub kind: Kind,
    pub settings: Mutex<Settings>,
    pub faults: Faults,
    pub log: Log,
    pub open: OpenStreams,
    pub stop: Stop,
}

/// Which service it is, with what belongs to that one alone.
pub(crate) enum Kind {
    Arc(KeyFiles),
    Imds,
    /// With the secret that a request has to carry.
    Platform(&'static Platform, String),
}

impl Kind {
    pub fn platform(platform: &'static Platform) -> Kind {
        Kind::Platform(platform, random::guid())
    }

    /// The path of its token requests.
    pub fn path(&self) -> &'static str {
        match self {
            Kind::Arc(_) => arc::PATH,
            Kind::Imds => imds::PATH,
            Kind::Platform(platform, _) => platform.path,
        }
    }

    /// Other names than its own address under which clients reach it.
    pub fn hosts(&self) -> &'static [&'static str] {
        match self {
            Kind::Arc(_) => &["127.0.0.1:40342", "localhost:40342"],
            Kind::Imds => &["169.254.169.254"],
            Kind::Platform(..) => &[],
        }
    }
}

impl Machine {
    /// Answers a request, `checked` being what was found on its way here.
    pub fn answer(
        &self,
        request: &Request,
        checked: Result<(), Problem>,
        record: &mut Logged,
    ) -> Reply {
        match &self.kind {
            Kind::Arc(keys) => arc::answer(self, keys, request, checked, record),
            Kind::Imds => imds::answer(self, request, checked, record),
            Kind::Platform(platform, secret) => {
                let checked =
                    checked.and_then(|()| app_service::check(platform, secret, request, record));
                app_service::answer(self, platform, request, checked, record)
            }
        }
    }

    /// The body of an error that passes by itself.
    pub fn passing_error(&self, status: u16) -> String {
        match self.kind {
            Kind::Arc(_) => arc::passing_error(status, self.cloud.clock.now()),
            Kind::Imds => imds::passing_error(status),
            Kind::Platform(..) => app_service::passing_error(status),
        }
    }
}

/// What a test can change while it runs.
pub(crate) struct Settings {
    pub assigned: Assigned,
    pub expiry: Expiry,
    pub audience: Option<String>,
    pub agent: ArcAgent,
    pub challenge: ArcChallenge,
    /// The tokens of the platform's cache, where it keeps any.
    pub kept: Option<Vec<Kept>>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            assigned: Assigned {
                system: Some(Identity::system(&App::random())),
                user: Vec::new(),
            },
            expiry: Expiry::Documented,
            audience: None,
            agent: ArcAgent::default(),
            challenge: ArcChallenge::default(),
            kept: None,
        }
    }
}

impl Service for Machine {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn open(&self) -> &OpenStreams {
        &self.open
    }

    fn stop(&self) -> &Stop {
        &self.stop
    }

    fn serve(&self, number: u64, stream: TcpStream) {
        // What breaks a connection is the client's matter: its records tell.
        let _ = connection::serve(self, number, stream);
    }
}
