//! People: how they sign in with a password, and when the login host stops listening.

use std::collections::HashMap;

use crate::random;

/// A person of the default tenant.
#[derive(Clone)]
pub(crate) struct User {
    /// Such as `worker@plant7.example`.
    pub name: String,
    pub object_id: String,
    /// Nothing for somebody who never signs in with one.
    password: Option<String>,
    needs_second_factor: bool,
    wrong_tries: usize,
}

/// Why a name and a password do not sign anybody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turned {
    Locked,
    SecondFactor,
    Unknown,
    WrongPassword,
}

/// Everybody in the directory.
pub(crate) struct Users {
    /// By name in lower case.
    known: HashMap<String, User>,
    pub lockout: usize,
}

impl Default for Users {
    fn default() -> Users {
        Users {
            known: HashMap::new(),
            lockout: LOCKOUT,
        }
    }
}

impl Users {
    pub fn add(&mut self, name: &str, password: Option<&str>) -> User {
        let user = User {
            name: name.to_owned(),
            object_id: random::guid(),
            password: password.map(str::to_owned),
            needs_second_factor: false,
            wrong_tries: 0,
        };
        self.known.insert(name.to_ascii_lowercase(), user.clone());
        user
    }

    /// Panics if there is nobody of this name.
    pub fn require_second_factor(&mut self, name: &str) {
        let user = self.known.get_mut(&name.to_ascii_lowercase());
        user.expect("there is no such user").needs_second_factor = true;
    }

    pub fn is_known(&self, name: &str) -> bool {
        self.known.contains_key(&name.to_ascii_lowercase())
    }

    /// Somebody at a browser: the first by name, or an operator made for it.
    pub fn anybody(&mut self) -> User {
        let first = self.known.values().min_by(|a, b| a.name.cmp(&b.name));
        match first {
            Some(user) => user.clone(),
            None => self.add(OPERATOR, None),
        }
    }

    /// Signs in with a password; a wrong one counts.
    pub fn sign_in(&mut self, name: &str, password: &str) -> Result<User, Turned> {
        let user = self.known.get_mut(&name.to_ascii_lowercase());
        let user = user.ok_or(Turned::Unknown)?;
        if user.wrong_tries >= self.lockout {
            return Err(Turned::Locked);
        }
        if user.password.as_deref() != Some(password) {
            user.wrong_tries += 1;
            return Err(Turned::WrongPassword);
        }
        if user.needs_second_factor {
            return Err(Turned::SecondFactor);
        }
        user.wrong_tries = 0;
        Ok(user.clone())
    }
}

/// Entra's default.
const LOCKOUT: usize = 10;

const OPERATOR: &str = "operator@plant7.example";
