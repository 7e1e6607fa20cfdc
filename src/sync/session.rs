//! The network side of a run: identities, one token, one client, hosts given up.

use crate::clock;
use crate::config::{Config, Identity, Object};
use crate::error::{Error, TokenFacts};
use crate::http::{Client, Traffic};
use crate::identity::{self, CacheKey, Credential, Invitation, Token, TokenCache};
use crate::name::HostName;
use crate::report;
use crate::state::Chosen;
use crate::vault::{self, Access, SecretValue};

use super::{Options, SignIn};

/// Opened when the first object is needed; signs in then.
pub(super) struct Session<'a> {
    config: &'a Config,
    options: &'a Options,
    client: Client,
    credentials: Vec<Credential>,
    cache: TokenCache,
    signed_in: Option<SignedIn>,
    /// Why the authority gives no token in this run.
    no_token: Option<Error>,
    /// Hosts that need not be tried again in this run, and why.
    given_up: Vec<(HostName, Error)>,
}

#[derive(Debug)]
struct SignedIn {
    token: Token,
    facts: TokenFacts,
    /// Place of the credential in the order in which they are tried.
    position: usize,
    from_cache: bool,
}

impl<'a> Session<'a> {
    /// Reads the certificate authorities and the credentials, up to the first fallback that
    /// cannot be used; sends nothing.
    pub(super) fn open(
        config: &'a Config,
        options: &'a Options,
        cache: TokenCache,
    ) -> Result<Self, Error> {
        let identities = identities(config, options.sign_in);
        let credentials = identity::load_all(identities, &config.cloud)?;
        let client = identity::client(config)?;
        Ok(Self {
            config,
            options,
            client,
            credentials,
            cache,
            signed_in: None,
            no_token: None,
            given_up: Vec::new(),
        })
    }

    /// Fetches one object, signing in before if needed.
    pub(super) fn fetch(&mut self, id: &Object) -> Result<SecretValue, Error> {
        if let Some((_, error)) = self.given_up.iter().find(|(host, _)| *host == id.vault) {
            return Err(error.clone());
        }
        let mut outcome = self.fetch_once(id);
        if is_unauthorized(&outcome) && self.drop_cached_token() {
            outcome = self.fetch_once(id);
            if is_unauthorized(&outcome) {
                // The new one is kept on disk by now, and no better.
                self.drop_cached_token();
            }
        }
        if let Err(error) = &outcome {
            if error.concerns_whole_host() {
                self.given_up.push((id.vault.clone(), error.clone()));
            }
        }
        outcome
    }

    /// What has gone over the wire.
    pub(super) fn traffic(&self) -> Traffic {
        self.client.traffic()
    }

    /// The services' time minus ours, in seconds, if a service told it.
    pub(super) fn clock_offset(&self) -> Option<i64> {
        self.client.clock_offset()
    }

    /// What is wrong with this device's clock.
    pub(super) fn wrong_clock(&self) -> Option<Error> {
        identity::wrong_clock(&self.client)
    }

    /// The identity that worked.
    pub(super) fn chosen(&self) -> Option<Chosen> {
        let position = self.signed_in.as_ref()?.position;
        let description = self.credentials.get(position)?.description();
        Some(Chosen {
            text: description.text,
            expires: description.expires,
            position: position.saturating_add(1),
        })
    }

    fn fetch_once(&mut self, id: &Object) -> Result<SecretValue, Error> {
        self.sign_in()?;
        let Some(signed_in) = &self.signed_in else {
            return Err(Error::Internal {
                what: "signed in without a token".to_owned(),
            });
        };
        let access = Access {
            client: &self.client,
            cloud: &self.config.cloud,
            token: signed_in.token.value(),
            facts: &signed_in.facts,
        };
        vault::fetch(&access, id)
    }

    /// Makes sure that there is a token: a kept one, or one by the first identity that the
    /// authority does not refuse. Once refused by all, it stays so for the run.
    fn sign_in(&mut self) -> Result<(), Error> {
        if let Some(error) = &self.no_token {
            return Err(error.clone());
        }
        // Nobody is asked twice in a run.
        let lasts = |signed_in: &SignedIn| {
            self.options.sign_in != SignIn::Device || signed_in.token.is_fresh(clock::now())
        };
        if self.signed_in.as_ref().is_some_and(lasts) {
            return Ok(());
        }
        self.signed_in = None;
        match self.find_token() {
            Ok(signed_in) => {
                self.signed_in = Some(signed_in);
                Ok(())
            }
            Err(error) => {
                self.no_token = Some(error.clone());
                Err(error)
            }
        }
    }

    fn find_token(&self) -> Result<SignedIn, Error> {
        let token_by = |credential: &Credential| self.token_by(credential);
        let (position, (token, from_cache)) =
            identity::first_accepted(&self.credentials, token_by)?;
        Ok(self.signed_in(position, token, from_cache))
    }

    /// A token by `credential`, and whether it is a kept one. A person who was asked to sign
    /// in does so.
    fn token_by(&self, credential: &Credential) -> Result<(Token, bool), Error> {
        let cloud = &self.config.cloud;
        let (client, audience) = (&self.client, &cloud.vault_audience);
        if self.options.sign_in == SignIn::Device {
            return match self.cache.find(&self.cache_key(credential)) {
                Some(token) => Ok((token, true)),
                None => Ok((credential.sign_in(client, cloud, audience)?, false)),
            };
        }
        let token = credential.sign_in_with_person(client, cloud, audience, &invite)?;
        if let Some(person) = token.claims().user {
            self.options.voice.say(&format!("signed in as {person}"));
        }
        Ok((token, false))
    }

    fn signed_in(&self, position: usize, token: Token, from_cache: bool) -> SignedIn {
        let keep = self.options.sign_in != SignIn::Person { keep_token: false };
        if let Some(credential) = self.credentials.get(position) {
            if keep && !from_cache {
                self.cache.keep(&self.cache_key(credential), &token);
            }
        }
        SignedIn {
            facts: token.facts(),
            token,
            position,
            from_cache,
        }
    }

    fn cache_key(&self, credential: &Credential) -> CacheKey {
        let cloud = &self.config.cloud;
        credential.cache_key(cloud, &cloud.vault_audience)
    }

    /// Whether a kept token was dropped, so that a new one is worth a try.
    fn drop_cached_token(&mut self) -> bool {
        let Some(signed_in) = self.signed_in.take() else {
            return false;
        };
        if let Some(credential) = self.credentials.get(signed_in.position) {
            self.cache.forget(&self.cache_key(credential));
        }
        if !signed_in.from_cache {
            self.signed_in = Some(signed_in);
            return false;
        }
        true
    }
}

/// Refuses `--sign-in` where no identity is a person's.
pub(super) fn refuse_nobody(config: &Config, options: &Options) -> Result<(), Error> {
    if options.sign_in == SignIn::Device || config.identities.iter().any(is_persons) {
        return Ok(());
    }
    Err(Error::Usage {
        problem: "--sign-in wants an identity of type \"device_code\"; add {\"type\": \"device_code\", \"tenant\": …, \"client_id\": …} to \"identity\"".to_owned(),
    })
}

/// The identities in the order in which they are tried: those that a person must answer
/// alone, if one does; else last, for a token of theirs that was kept.
pub fn identities(config: &Config, sign_in: SignIn) -> Vec<&Identity> {
    let persons = |wanted| {
        let of_kind = move |identity: &&Identity| is_persons(identity) == wanted;
        config.identities.iter().filter(of_kind)
    };
    match sign_in {
        SignIn::Device => persons(false).chain(persons(true)).collect(),
        SignIn::Person { .. } => persons(true).collect(),
    }
}

fn is_persons(identity: &Identity) -> bool {
    matches!(identity, Identity::DeviceCode { .. })
}

fn invite(invitation: &Invitation) {
    report::invite(&report::Invitation {
        address: &invitation.address,
        picture_of: invitation
            .complete_address
            .as_deref()
            .unwrap_or(&invitation.address),
        user_code: &invitation.user_code,
        valid: invitation.valid,
    });
}

fn is_unauthorized<T>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::Refused(refusal)) if refusal.status == 401)
}
