//! Asks a private cloud for its facts, and holds it to what it told first.
//!
//! The Resource Manager of the configuration is asked over TLS, without any credential. Its
//! first answer is kept in the state directory; a later one that would send credentials or
//! tokens elsewhere is refused until an operator accepts it. Where it cannot be asked, what
//! it told before counts.

mod question;

use std::time::Duration;

use crate::clock;
use crate::cloud::{Cloud, Pin};
use crate::config::{self, Outline, PrivateCloud};
use crate::disk::{self, Access, Dir, Lock, Root};
use crate::error::Error;
use crate::http::ProxyCredentials;
use crate::name::HostName;

use question::{Answer, Question};

/// Whether an answer is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// In the state directory.
    Answer,
    /// Nowhere: nothing on disk is touched.
    Nothing,
}

/// A private cloud, and what is known of it so far.
pub struct Discovery<'a> {
    outline: &'a Outline,
    private: &'a PrivateCloud,
    pin: Option<Pin>,
}

impl<'a> Discovery<'a> {
    /// Reads what the cloud told before.
    ///
    /// # Errors
    /// A file that cannot be read, or that a later release wrote.
    pub fn open(outline: &'a Outline, private: &'a PrivateCloud) -> Result<Self, Error> {
        let pin = config::pin(
            &Root::default(),
            &outline.state_directory,
            &private.resource_manager,
        )?;
        Ok(Self {
            outline,
            private,
            pin,
        })
    }

    /// Whether it is time to ask: never asked, or a day ago, or the clock went back.
    pub fn is_due(&self) -> bool {
        let age = self
            .pin
            .as_ref()
            .map(|pin| clock::since(pin.asked, clock::now()));
        !matches!(age, Some(Some(age)) if age < REST)
    }

    /// Asks, and gives the facts that hold. `credentials` are those for the proxy.
    ///
    /// # Errors
    /// [`Error::CloudChanged`] when the answer would send credentials elsewhere than before.
    /// Whatever else went wrong, if the cloud never told anything before.
    pub fn refresh(
        mut self,
        credentials: Result<Option<ProxyCredentials>, Error>,
        keep: Keep,
    ) -> Result<Cloud, Error> {
        let _lock = self.lock(keep)?;
        let asked = credentials.and_then(|credentials| self.ask(credentials.as_ref()));
        match (self.pin.take(), asked) {
            (None, Err(error)) => Err(error),
            (Some(pin), Err(error)) => {
                let age = clock::since(pin.asked, clock::now());
                let age = age.map_or("an unknown time".to_owned(), clock::age);
                log::warn!("{error}; what the cloud told {age} ago is used");
                Ok(pin.cloud)
            }
            (None, Ok(answer)) => {
                let cloud = &answer.cloud;
                log::info!(
                    "cloud {} signs in at {} and has its vaults below {}; from now on it is held to that",
                    self.private.label(),
                    cloud.authority_url(),
                    cloud.vault_suffix
                );
                self.keep(answer, keep)
            }
            (Some(pin), Ok(answer)) => match pin.cloud.changes(&answer.cloud) {
                None => self.keep(answer, keep).or_else(|error| {
                    log::warn!("{error}; the cloud will be asked again");
                    Ok(pin.cloud)
                }),
                Some(changes) => Err(Error::CloudChanged {
                    cloud: self.private.label().to_owned(),
                    login: answer.cloud.authority,
                    changes,
                }),
            },
        }
    }

    /// Asks, and takes the answer whatever was told before, if it names the login host that
    /// the operator expects. Gives what is different now, if anything is.
    ///
    /// # Errors
    /// Another login host is [`Error::Usage`].
    pub fn accept(
        mut self,
        credentials: Result<Option<ProxyCredentials>, Error>,
        login: &HostName,
    ) -> Result<(Cloud, Option<String>), Error> {
        let _lock = self.lock(Keep::Answer)?;
        let pin = self.pin.take();
        let answer = self.ask(credentials?.as_ref())?;
        if answer.cloud.authority != *login {
            return Err(Error::Usage {
                problem: format!(
                    "{} names the login host {}, not {login}; nothing is accepted",
                    self.private.resource_manager, answer.cloud.authority
                ),
            });
        }
        let changes = pin.and_then(|pin| pin.cloud.changes(&answer.cloud));
        Ok((self.keep(answer, Keep::Answer)?, changes))
    }

    /// One at a time: what another run has written meanwhile is read again.
    fn lock(&mut self, keep: Keep) -> Result<Option<Lock>, Error> {
        if keep == Keep::Nothing {
            return Ok(None);
        }
        let patience = self.outline.network.deadline;
        let (_, lock) = Lock::of_instance(&self.outline.runtime_directory, patience)?;
        self.pin = Self::open(self.outline, self.private)?.pin;
        Ok(Some(lock))
    }

    fn ask(&self, credentials: Option<&ProxyCredentials>) -> Result<Answer, Error> {
        let network = &self.outline.network;
        let question = Question {
            private: self.private,
            network,
            credentials,
            // Where there is another way, a run does not wait long for this one.
            deadline: match self.pin {
                Some(_) => network.timeout.min(network.deadline),
                None => network.deadline,
            },
        };
        question.ask()
    }

    fn keep(&self, answer: Answer, keep: Keep) -> Result<Cloud, Error> {
        let pin = Pin {
            cloud: answer.cloud,
            asked: answer.at,
        };
        if keep == Keep::Answer {
            let directory = &self.outline.state_directory;
            disk::refuse_read_only(directory)?;
            let json = pin.to_json();
            let directory = Dir::create_path(directory, &Access::CLOSED)?;
            directory.replace_small(Pin::FILE, json.as_bytes(), &Access::PRIVATE)?;
        }
        Ok(pin.cloud)
    }
}

/// How long an answer holds before the cloud is asked again.
const REST: Duration = Duration::from_secs(86_400);
