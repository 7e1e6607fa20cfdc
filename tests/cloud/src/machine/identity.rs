//! The identities of a machine, and how a request chooses one of them.

use crate::directory::App;

/// One identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub client_id: String,
    pub object_id: String,
    /// The Resource Manager id of a user-assigned identity.
    pub resource_id: Option<String>,
}

/// All that a machine has been given.
#[derive(Default)]
pub(crate) struct Assigned {
    pub system: Option<Identity>,
    pub user: Vec<Identity>,
}

/// What a selector names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Client,
    Object,
    Resource,
}

/// What a request without a selector gets where no system-assigned identity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fallback {
    Nothing,
    /// The user-assigned identity, if it is the only one.
    OnlyOne,
}

/// Why no identity was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoIdentity {
    NotFound,
    Several,
}

impl Identity {
    pub fn system(app: &App) -> Identity {
        Identity {
            client_id: app.client_id.clone(),
            object_id: app.object_id.clone(),
            resource_id: None,
        }
    }

    pub fn app(&self) -> App {
        App {
            client_id: self.client_id.clone(),
            object_id: self.object_id.clone(),
        }
    }

    fn is(&self, by: By, id: &str) -> bool {
        let own = match by {
            By::Client => Some(&self.client_id),
            By::Object => Some(&self.object_id),
            By::Resource => self.resource_id.as_ref(),
        };
        own.is_some_and(|own| own.eq_ignore_ascii_case(id))
    }
}

impl Assigned {
    /// The identity of a selector, the system-assigned one included.
    pub fn select(&self, by: By, id: &str) -> Result<Identity, NoIdentity> {
        let mut all = self.system.iter().chain(&self.user);
        let found = all.find(|identity| identity.is(by, id));
        found.cloned().ok_or(NoIdentity::NotFound)
    }

    /// The identity of a request that names none.
    pub fn unnamed(&self, fallback: Fallback) -> Result<Identity, NoIdentity> {
        match (&self.system, &self.user[..], fallback) {
            (Some(system), _, _) => Ok(system.clone()),
            (None, [only], Fallback::OnlyOne) => Ok(only.clone()),
            (None, [_, _, ..], Fallback::OnlyOne) => Err(NoIdentity::Several),
            _ => Err(NoIdentity::NotFound),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> Identity {
        Identity {
            client_id: format!("client-{name}"),
            object_id: format!("object-{name}"),
            resource_id: Some(format!("/resource/{name}")),
        }
    }

    #[test]
    fn a_request_without_a_selector_gets_what_is_unambiguous() {
        let system = Identity {
            resource_id: None,
            ..user("system")
        };
        let mut assigned = Assigned::default();
        let only = |assigned: &Assigned| assigned.unnamed(Fallback::OnlyOne);
        assert_eq!(only(&assigned), Err(NoIdentity::NotFound));
        assigned.user.push(user("a"));
        assert_eq!(only(&assigned), Ok(user("a")));
        assert_eq!(
            assigned.unnamed(Fallback::Nothing),
            Err(NoIdentity::NotFound)
        );
        assigned.user.push(user("b"));
        assert_eq!(only(&assigned), Err(NoIdentity::Several));
        assigned.system = Some(system.clone());
        assert_eq!(only(&assigned), Ok(system));
    }

    #[test]
    fn selectors_are_compared_without_case() {
        let assigned = Assigned {
            system: None,
            user: vec![user("a"), user("b")],
        };
        let cases = [
            (By::Client, "CLIENT-B"),
            (By::Object, "object-B"),
            (By::Resource, "/Resource/b"),
        ];
        for (by, id) in cases {
            assert_eq!(assigned.select(by, id), Ok(user("b")), "{id}");
        }
        let other = assigned.select(By::Object, "client-b");
        assert_eq!(other, Err(NoIdentity::NotFound));
    }
}
