//! Identity `managed_identity`: a token from an endpoint of the machine (protocol notes 4).

use super::Token;
use crate::config::{ManagedSource, Selector};
use crate::error::Error;
use crate::http::Client;

/// The machine's identity and where its tokens come from.
#[derive(Debug)]
pub(super) struct ManagedIdentity {
    place: String,
    source: ManagedSource,
    selector: Option<Selector>,
}

impl ManagedIdentity {
    /// Finds the source by what lies on the machine; sends nothing.
    pub(super) fn load(source: ManagedSource, selector: Option<Selector>) -> Result<Self, Error> {
        let which = selector.as_ref().map_or("system", Selector::as_str);
        let place = format!("managed identity {which} ({})", source.as_str());
        Ok(Self {
            place,
            source,
            selector,
        })
    }

    /// Asks the endpoint for a token.
    pub(super) fn token(&self, _client: &Client, _audience: &str) -> Result<Token, Error> {
        Err(Error::Internal {
            what: format!("no token for {:?} {:?}", self.source, self.selector),
        })
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn description(&self) -> String {
        self.place.clone()
    }
}
