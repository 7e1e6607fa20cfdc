//! An object that came, in all forms that its users want.

use crate::config::{CertificatePart, Form, Object, Value};
use crate::error::{CertificateProblem, Error};
use crate::render::{self, Chain};
use crate::secret::Secret;
use crate::vault::{Fetched, Material};

/// What came of one fetch. Its values are wiped with it.
#[derive(Debug)]
pub struct Arrival<'a> {
    pub(super) id: &'a Object,
    pub(super) fetched: Result<Fetched, Error>,
    /// The certificate, opened, if a user wants PEM of it.
    pub(super) chain: Option<Result<Chain, Error>>,
}

/// A value in the form that a file wants.
#[derive(Debug)]
pub struct Piece {
    pub(super) bytes: Secret,
    pub(super) version: String,
    /// Until when the certificate is valid that it is of.
    pub(super) expires: Option<i64>,
}

impl<'a> Arrival<'a> {
    /// What came of fetching `id`; of a certificate nothing is opened yet.
    pub fn new(id: &'a Object, fetched: Result<Fetched, Error>) -> Self {
        Self {
            id,
            fetched,
            chain: None,
        }
    }

    /// What came, or why nothing did.
    ///
    /// # Errors
    /// That of the fetch.
    pub fn fetched(&self) -> Result<&Fetched, Error> {
        self.fetched.as_ref().map_err(Error::clone)
    }

    /// Opens the certificate that came; `convert` gives PEM for a PKCS#12 container.
    pub fn open_chain(&mut self, convert: &mut dyn FnMut(&Fetched) -> Result<Secret, Error>) {
        let Ok(fetched) = &self.fetched else {
            return;
        };
        let opened = match &fetched.material {
            Material::Secret {
                value, is_pkcs12, ..
            } => {
                if *is_pkcs12 || render::is_pkcs12(value) {
                    convert(fetched).and_then(|pem| self.read_chain(&pem))
                } else {
                    self.read_chain(value)
                }
            }
            Material::Key(_) => return,
        };
        self.chain = Some(opened);
    }

    /// What is odd about the certificate that was opened: whole sentences.
    pub fn warnings(&self) -> Vec<String> {
        let Some(Ok(chain)) = &self.chain else {
            return Vec::new();
        };
        let warnings = chain.warnings().iter();
        warnings
            .map(|warning| format!("{} {warning}", name_of(self.id)))
            .collect()
    }

    /// Until when it is valid, in seconds since 1970: the certificate that was opened, or else
    /// what the vault says.
    pub fn expires(&self) -> Option<i64> {
        match (&self.chain, &self.fetched) {
            (Some(Ok(chain)), _) => Some(chain.expires()),
            (_, Ok(fetched)) => fetched.expires,
            (_, Err(_)) => None,
        }
    }

    /// The form of it that `value` says.
    ///
    /// # Errors
    /// That of the fetch; [`Error::Certificate`] and [`Error::Content`] for what has no such
    /// form.
    pub fn piece(&self, value: &Value) -> Result<Piece, Error> {
        let fetched = self.fetched()?;
        let (bytes, expires) = match (&value.form, &fetched.material) {
            (Form::Certificate(CertificatePart::Pfx), _) => (self.container()?, fetched.expires),
            (Form::Certificate(part), _) => {
                let chain = self.chain.as_ref().ok_or_else(mixed_up)?;
                let chain = chain.as_ref().map_err(Error::clone)?;
                let part = chain.part(*part);
                let part = part.map_err(|problem| self.unfit(problem))?;
                (part, Some(chain.expires()))
            }
            (Form::Key(part), Material::Key(key)) => {
                let text = render::public_key(key, *part);
                let text = text.map_err(|problem| self.unfit(problem))?;
                (Secret::copy_of(&text), None)
            }
            (Form::Secret(text), Material::Secret { value, tagged, .. }) => {
                let copy = Secret::copy_of(value.expose());
                let made = render::text(copy, tagged.as_deref(), text);
                let made = made.map_err(|problem| Error::Content {
                    object: name_of(self.id),
                    problem,
                })?;
                (made, None)
            }
            _ => return Err(mixed_up()),
        };
        Ok(Piece {
            bytes,
            version: fetched.version.to_string(),
            expires,
        })
    }

    /// The PKCS#12 container of a certificate, not opened.
    fn container(&self) -> Result<Secret, Error> {
        match &self.fetched()?.material {
            Material::Secret {
                value, is_pkcs12, ..
            } if *is_pkcs12 || render::is_pkcs12(value) => {
                render::base64_bytes(value).map_err(|problem| Error::Content {
                    object: name_of(self.id),
                    problem,
                })
            }
            _ => Err(self.unfit(CertificateProblem::Pem)),
        }
    }

    fn read_chain(&self, pem: &Secret) -> Result<Chain, Error> {
        Chain::read(pem).map_err(|problem| self.unfit(problem))
    }

    fn unfit(&self, problem: CertificateProblem) -> Error {
        Error::Certificate {
            object: name_of(self.id),
            problem,
        }
    }
}

/// `secret mqtt-password in factory7.vault.azure.net`
pub(super) fn name_of(id: &Object) -> String {
    format!("{id} in {}", id.vault)
}

fn mixed_up() -> Error {
    Error::Internal {
        what: "an object of another kind than was asked for".to_owned(),
    }
}
