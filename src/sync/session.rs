//! The network side of a run: identities, one token, one client, hosts given up.

use crate::clock;
use crate::config::Config;
use crate::error::{Error, TokenFacts};
use crate::http::{Client, Traffic};
use crate::identity::{self, CacheKey, Credential, Token, TokenCache};
use crate::name::HostName;
use crate::state::Chosen;
use crate::vault::{self, Access, SecretId, SecretValue};

/// Opened when the first object is needed; signs in then.
pub(super) struct Session<'a> {
    config: &'a Config,
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
    /// Place of the credential among the configured ones.
    position: usize,
    from_cache: bool,
}

impl<'a> Session<'a> {
    /// Reads the certificate authorities and the credentials, up to the first fallback that
    /// cannot be used; sends nothing.
    pub(super) fn open(config: &'a Config, cache: TokenCache) -> Result<Self, Error> {
        let credentials = identity::load_all(config)?;
        let client = identity::client(config)?;
        Ok(Self {
            config,
            client,
            credentials,
            cache,
            signed_in: None,
            no_token: None,
            given_up: Vec::new(),
        })
    }

    /// Fetches one object, signing in before if needed.
    pub(super) fn fetch(&mut self, id: &SecretId) -> Result<SecretValue, Error> {
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

    fn fetch_once(&mut self, id: &SecretId) -> Result<SecretValue, Error> {
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
        if self
            .signed_in
            .as_ref()
            .is_some_and(|signed_in| signed_in.token.is_fresh(clock::now()))
        {
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
        let cloud = &self.config.cloud;
        let find = |credential: &Credential| match self.cache.find(&self.cache_key(credential)) {
            Some(token) => Ok((token, true)),
            None => credential
                .sign_in(&self.client, cloud, &cloud.vault_audience)
                .map(|token| (token, false)),
        };
        let (position, (token, from_cache)) = identity::first_accepted(&self.credentials, find)?;
        Ok(self.signed_in(position, token, from_cache))
    }

    fn signed_in(&self, position: usize, token: Token, from_cache: bool) -> SignedIn {
        if let Some(credential) = self.credentials.get(position) {
            if !from_cache {
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

fn is_unauthorized<T>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::Refused(refusal)) if refusal.status == 401)
}
