//! The network side of a run: identities, a token for each audience, one client, hosts given up.

use crate::blob;
use crate::clock;
use crate::config::{Config, Identity, Object, ObjectKind};
use crate::error::{Error, TokenFacts};
use crate::http::{Client, Traffic};
use crate::identity::{self, CacheKey, Credential, Invitation, Token, TokenCache};
use crate::name::{HostName, Version};
use crate::report;
use crate::secret::Secret;
use crate::state::Chosen;
use crate::vault::{self, Access, Fetched, Item, Listing};

use super::{Options, SignIn};

/// Opened when the first object is needed; signs in then.
pub(super) struct Session<'a> {
    config: &'a Config,
    options: &'a Options,
    client: Client,
    credentials: Vec<Credential>,
    cache: TokenCache,
    /// One of each audience that a token was wanted for, that of vaults first.
    tokens: Vec<(String, Result<SignedIn, Error>)>,
    /// Hosts that need not be tried again in this run, and why.
    given_up: Vec<(HostName, Error)>,
}

#[derive(Debug)]
pub(super) struct SignedIn {
    pub(super) token: Token,
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
            tokens: Vec::new(),
            given_up: Vec::new(),
        })
    }

    /// Fetches one object, signing in before if needed.
    pub(super) fn fetch(&mut self, id: &Object) -> Result<Fetched, Error> {
        let mut found = None;
        self.ask_vault(&id.vault, &mut |access| {
            found = Some(vault::fetch(access, id)?);
            Ok(())
        })?;
        found.ok_or_else(no_answer)
    }

    /// Fetches the version `version` of a certificate as PEM, converted by the vault.
    pub(super) fn convert(&mut self, id: &Object, version: &Version) -> Result<Secret, Error> {
        let mut found = None;
        self.ask_vault(&id.vault, &mut |access| {
            found = Some(vault::convert(access, id, version)?);
            Ok(())
        })?;
        found.ok_or_else(no_answer)
    }

    /// Lists the objects of a vault that `keep` wants, reading at most `patience` pages.
    pub(super) fn list(
        &mut self,
        vault: &HostName,
        kind: ObjectKind,
        keep: &dyn Fn(&Item) -> bool,
        patience: usize,
    ) -> Result<Listing, Error> {
        let mut found = None;
        self.ask_vault(vault, &mut |access| {
            found = Some(vault::list(access, vault, kind, keep, patience)?);
            Ok(())
        })?;
        found.ok_or_else(no_answer)
    }

    fn ask_vault(
        &mut self,
        vault: &HostName,
        question: &mut dyn FnMut(&Access<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let cloud = &self.config.cloud;
        self.ask(&cloud.vault_audience, vault, &mut |client, signed_in| {
            question(&Access {
                client,
                cloud,
                token: signed_in.token.value(),
                facts: &signed_in.facts,
            })
        })
    }

    /// Asks a storage account something.
    pub(super) fn ask_storage(
        &mut self,
        host: &HostName,
        question: &mut dyn FnMut(&blob::Access<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let audience = self.config.cloud.storage_audience.as_deref();
        let audience = audience.ok_or_else(no_answer)?;
        self.ask(audience, host, &mut |client, signed_in| {
            let token = signed_in.token.value();
            question(&blob::Access { client, token })
        })
    }

    /// Asks `host` something with a token for `audience`: again with a new token if it does
    /// not take one that was kept, and not at all if it was given up in this run.
    pub(super) fn ask(
        &mut self,
        audience: &str,
        host: &HostName,
        question: &mut dyn FnMut(&Client, &SignedIn) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if let Some((_, error)) = self.given_up.iter().find(|(known, _)| known == host) {
            return Err(error.clone());
        }
        let mut outcome = self.ask_once(audience, question);
        if is_unauthorized(&outcome) && self.drop_cached_token(audience) {
            outcome = self.ask_once(audience, question);
            if is_unauthorized(&outcome) {
                // The new one is kept on disk by now, and no better.
                self.drop_cached_token(audience);
            }
        }
        if let Err(error) = &outcome {
            if error.concerns_whole_host() {
                self.given_up.push((host.clone(), error.clone()));
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
        let mut tokens = self.tokens.iter();
        let position = tokens.find_map(|(_, token)| Some(token.as_ref().ok()?.position))?;
        let description = self.credentials.get(position)?.description();
        Some(Chosen {
            text: description.text,
            expires: description.expires,
            position: position.saturating_add(1),
        })
    }

    fn ask_once(
        &mut self,
        audience: &str,
        question: &mut dyn FnMut(&Client, &SignedIn) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.sign_in(audience)?;
        let (_, token) = self
            .tokens
            .iter()
            .find(|(of, _)| of == audience)
            .ok_or_else(no_answer)?;
        question(&self.client, token.as_ref().map_err(Error::clone)?)
    }

    /// Makes sure that there is a token: a kept one, or one by the first identity that the
    /// authority does not refuse. Once refused by all, it stays so for the run.
    fn sign_in(&mut self, audience: &str) -> Result<(), Error> {
        // Nobody is asked twice in a run for the same.
        let lasts = |token: &Result<SignedIn, Error>| match token {
            Ok(token) => {
                self.options.sign_in != SignIn::Device || token.token.is_fresh(clock::now())
            }
            Err(_) => true,
        };
        let mut tokens = self.tokens.iter();
        if let Some((_, token)) = tokens.find(|(of, token)| of == audience && lasts(token)) {
            return token.as_ref().map(|_| ()).map_err(Error::clone);
        }
        let found = self.find_token(audience);
        let outcome = found.as_ref().map(|_| ()).map_err(Error::clone);
        self.tokens.retain(|(of, _)| of != audience);
        self.tokens.push((audience.to_owned(), found));
        outcome
    }

    fn find_token(&self, audience: &str) -> Result<SignedIn, Error> {
        let token_by = |credential: &Credential| self.token_by(credential, audience);
        let (position, (token, from_cache)) =
            identity::first_accepted(&self.credentials, token_by)?;
        Ok(self.signed_in(audience, position, token, from_cache))
    }

    /// A token by `credential`, and whether it is a kept one. A person who was asked to sign
    /// in does so.
    fn token_by(&self, credential: &Credential, audience: &str) -> Result<(Token, bool), Error> {
        let cloud = &self.config.cloud;
        let client = &self.client;
        if self.options.sign_in == SignIn::Device {
            return match self.cache.find(&self.cache_key(credential, audience)) {
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

    fn signed_in(
        &self,
        audience: &str,
        position: usize,
        token: Token,
        from_cache: bool,
    ) -> SignedIn {
        let keep = self.options.sign_in != SignIn::Person { keep_token: false };
        if let Some(credential) = self.credentials.get(position) {
            if keep && !from_cache {
                self.cache
                    .keep(&self.cache_key(credential, audience), &token);
            }
        }
        SignedIn {
            facts: token.facts(),
            token,
            position,
            from_cache,
        }
    }

    fn cache_key(&self, credential: &Credential, audience: &str) -> CacheKey {
        credential.cache_key(&self.config.cloud, audience)
    }

    /// Whether a kept token was dropped, so that a new one is worth a try.
    fn drop_cached_token(&mut self, audience: &str) -> bool {
        let mut tokens = self.tokens.iter();
        let Some(place) = tokens.position(|(of, token)| of == audience && token.is_ok()) else {
            return false;
        };
        let Some((_, Ok(signed_in))) = self.tokens.get(place) else {
            return false;
        };
        if let Some(credential) = self.credentials.get(signed_in.position) {
            self.cache.forget(&self.cache_key(credential, audience));
        }
        let from_cache = signed_in.from_cache;
        if from_cache {
            drop(self.tokens.remove(place));
        }
        from_cache
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

fn is_unauthorized(outcome: &Result<(), Error>) -> bool {
    match outcome {
        Err(Error::Refused(refusal)) => refusal.status == 401,
        Err(Error::TokenRefused { status, .. }) => *status == 401,
        _ => false,
    }
}

fn no_answer() -> Error {
    Error::Internal {
        what: "signed in without a token, or asked without an answer".to_owned(),
    }
}
