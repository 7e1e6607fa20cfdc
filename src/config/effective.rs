//! The configuration in effect: merged, with all defaults, ready to be fed back.

mod source;

use rustix::fs::{Gid, Uid};

use source::Writer;

use super::value::duration_text;
use super::{ChangeCheck, Config, CredentialFile, File, Identity, IfMissing, Layout, OnChange};
use super::{SelectedFiles, Set};
use crate::cloud::Cloud;
use crate::json::Json;
use crate::name::{HostName, Mode};

impl Config {
    /// The configuration in effect as JSON: what `check` prints. Its keys are those of the
    /// input; secrets are not in it, since they are not in the configuration.
    pub fn effective_json(&self) -> String {
        self.effective().pretty()
    }

    /// The same before it is text.
    pub fn effective(&self) -> Json {
        let vault = self.only_vault();
        let mut top = Json::object(vec![
            ("cloud", cloud(&self.cloud)),
            ("identity", self.identities()),
        ]);
        if let Some(vault) = vault {
            top.add("vault", vault_text(vault, &self.cloud));
        }
        let sets = self.sets.iter();
        let sets = sets.map(|set| (set.name.to_string(), self.set(set, vault)));
        top.add("sets", Json::Object(sets.collect()));
        top.add("device_id", Json::text(&self.device_id));
        top.add("network", self.network());
        let base = |directory: &std::path::Path| match self.instance.as_str() {
            "" => path(directory),
            _ => path(directory.parent().unwrap_or(directory)),
        };
        top.add("runtime_directory", base(&self.runtime_directory));
        top.add("state_directory", base(&self.state_directory));
        top.add("log", Json::text(self.log.as_str().to_ascii_lowercase()));
        top
    }

    fn identities(&self) -> Json {
        let mut identities: Vec<Json> = self.identities.iter().map(identity).collect();
        match (identities.pop(), identities.is_empty()) {
            (Some(only), true) => only,
            (last, _) => {
                identities.extend(last);
                Json::List(identities)
            }
        }
    }

    fn set(&self, set: &Set, only_vault: Option<&HostName>) -> Json {
        let writer = Writer {
            cloud: &self.cloud,
            has_only_vault: only_vault.is_some(),
        };
        let mut files = Vec::with_capacity(set.files.len());
        for file in &set.files {
            files.push((file.name.to_string(), self.file(file, &writer)));
        }
        for selected in &set.selections {
            let pattern = selected.selection.pattern.clone();
            files.push((pattern, self.selected(selected, &writer)));
        }
        let change_check = match set.change_check {
            ChangeCheck::Get => "get",
            ChangeCheck::List => "list",
        };
        let layout = match set.layout {
            Layout::Linked => "linked",
            Layout::Plain => "plain",
        };
        Json::object(vec![
            ("files", Json::Object(files)),
            ("directory", path(&set.directory)),
            ("layout", Json::text(layout)),
            ("group", Json::text(self.accounts.group_name(set.group))),
            ("directory_mode", Json::text(set.directory_mode.to_string())),
            ("on_change", on_change(&set.on_change)),
            ("max_stale", Json::text(duration_text(set.max_stale))),
            ("required", Json::Boolean(set.required)),
            ("change_check", Json::text(change_check)),
        ])
    }

    fn file(&self, file: &File, writer: &Writer<'_>) -> Json {
        let mut json = Json::object(Vec::new());
        writer.add_source(&mut json, &file.source);
        let access = (file.mode, file.owner, file.group);
        self.add_access(&mut json, access, file.if_missing);
        json
    }

    fn selected(&self, selected: &SelectedFiles, writer: &Writer<'_>) -> Json {
        let mut json = Json::object(Vec::new());
        writer.add_selection(&mut json, &selected.selection);
        let access = (selected.mode, selected.owner, selected.group);
        self.add_access(&mut json, access, selected.if_missing);
        json
    }

    fn add_access(
        &self,
        json: &mut Json,
        (mode, owner, group): (Mode, Uid, Gid),
        if_missing: IfMissing,
    ) {
        let if_missing = match if_missing {
            IfMissing::Fail => "fail",
            IfMissing::Keep => "keep",
            IfMissing::Skip => "skip",
        };
        json.add("mode", Json::text(mode.to_string()));
        json.add("owner", Json::text(self.accounts.user_name(owner)));
        json.add("group", Json::text(self.accounts.group_name(group)));
        json.add("if_missing", Json::text(if_missing));
    }

    fn network(&self) -> Json {
        let settings = &self.network;
        let mut json = Json::Object(Vec::new());
        if let Some(proxy) = &settings.proxy {
            let host = match proxy.host.contains(':') {
                true => format!("[{}]", proxy.host),
                false => proxy.host.clone(),
            };
            let url = Json::text(format!("http://{host}:{}", proxy.port));
            let with_login = |login: &super::ProxyLogin| {
                Json::object(vec![
                    ("url", url.clone()),
                    ("username", Json::text(&login.username)),
                    ("password", credential(&login.password)),
                ])
            };
            json.add(
                "proxy",
                self.proxy_login.as_ref().map_or(url.clone(), with_login),
            );
        }
        json.add("no_proxy", Json::texts(&settings.no_proxy));
        if let Some(file) = &settings.ca_file {
            json.add("ca_file", path(file));
        }
        if let Some(file) = &settings.ca_extra {
            json.add("ca_extra", path(file));
        }
        json.add("timeout", Json::text(duration_text(settings.timeout)));
        json.add("deadline", Json::text(duration_text(settings.deadline)));
        json.add("max_requests", Json::Number(settings.max_requests.into()));
        let resolve = settings.resolve.iter();
        let resolve = resolve.map(|pinned| {
            let address = Json::text(pinned.address.to_string());
            (pinned.host.to_string(), address)
        });
        json.add("resolve", Json::Object(resolve.collect()));
        json
    }
}

/// The preset's name if this is one, unchanged; the facts otherwise.
fn cloud(cloud: &Cloud) -> Json {
    if Cloud::preset(&cloud.name).as_ref() == Ok(cloud) {
        return Json::text(&cloud.name);
    }
    let authority = (!cloud.is_supposed).then(|| cloud.authority_url());
    let mut json = Json::object(vec![]);
    let url = |host: &HostName| format!("https://{host}");
    for (key, fact) in [
        ("authority", authority),
        ("vault_suffix", Some(cloud.vault_suffix.to_string())),
        ("vault_audience", Some(cloud.vault_audience.clone())),
        (
            "storage_suffix",
            cloud.storage_suffix.as_ref().map(HostName::to_string),
        ),
        ("storage_audience", cloud.storage_audience.clone()),
        ("resource_manager", cloud.resource_manager.as_ref().map(url)),
        (
            "resource_manager_audience",
            cloud.resource_manager_audience.clone(),
        ),
        ("graph", cloud.graph.as_ref().map(url)),
    ] {
        if let Some(fact) = fact {
            json.add(key, Json::text(fact));
        }
    }
    json.add("name", Json::text(&cloud.name));
    json
}

fn identity(identity: &Identity) -> Json {
    match identity {
        Identity::Certificate {
            tenant,
            client_id,
            certificate,
            private_key,
            send_chain,
        } => {
            let mut json = Json::object(vec![
                ("type", Json::text("certificate")),
                ("tenant", Json::text(tenant.as_str())),
                ("client_id", Json::text(client_id.as_str())),
                ("certificate", credential(certificate)),
            ]);
            if let Some(key) = private_key {
                json.add("private_key", credential(key));
            }
            json.add("send_chain", Json::Boolean(*send_chain));
            json
        }
        Identity::ClientSecret {
            tenant,
            client_id,
            client_secret,
        } => Json::object(vec![
            ("type", Json::text("client_secret")),
            ("tenant", Json::text(tenant.as_str())),
            ("client_id", Json::text(client_id.as_str())),
            ("client_secret", credential(client_secret)),
        ]),
        Identity::DeviceCode { tenant, client_id } => Json::object(vec![
            ("type", Json::text("device_code")),
            ("tenant", Json::text(tenant.as_str())),
            ("client_id", Json::text(client_id.as_str())),
        ]),
        Identity::Environment => Json::object(vec![("type", Json::text("environment"))]),
        Identity::Federated {
            tenant,
            client_id,
            token_file,
        } => Json::object(vec![
            ("type", Json::text("federated")),
            ("tenant", Json::text(tenant.as_str())),
            ("client_id", Json::text(client_id.as_str())),
            ("token_file", credential(token_file)),
        ]),
        Identity::ManagedIdentity { source, selector } => {
            let mut json = Json::object(vec![
                ("type", Json::text("managed_identity")),
                ("source", Json::text(source.as_str())),
            ]);
            if let Some(selector) = selector {
                json.add(selector.key(), Json::text(selector.as_str()));
            }
            json
        }
        Identity::Password {
            tenant,
            client_id,
            username,
            password,
        } => Json::object(vec![
            ("type", Json::text("password")),
            ("tenant", Json::text(tenant.as_str())),
            ("client_id", Json::text(client_id.as_str())),
            ("username", Json::text(username)),
            ("password", credential(password)),
        ]),
    }
}

fn credential(file: &CredentialFile) -> Json {
    match file {
        CredentialFile::Credential(name) => Json::object(vec![("credential", Json::text(name))]),
        CredentialFile::Environment(name) => Json::object(vec![("env", Json::text(name))]),
        CredentialFile::File(file) => path(file),
    }
}

fn on_change(on_change: &OnChange) -> Json {
    let run = on_change.run.iter();
    Json::object(vec![
        ("reload", Json::texts(&on_change.reload)),
        ("restart", Json::texts(&on_change.restart)),
        ("start", Json::texts(&on_change.start)),
        (
            "run",
            Json::List(run.map(|words| Json::texts(words)).collect()),
        ),
        ("timeout", Json::text(duration_text(on_change.timeout))),
    ])
}

/// A vault by its name, without the cloud's suffix.
fn vault_text(vault: &HostName, cloud: &Cloud) -> Json {
    let name = vault.as_str().strip_suffix(cloud.vault_suffix.as_str());
    let name = name.and_then(|name| name.strip_suffix('.'));
    Json::text(name.unwrap_or(vault.as_str()))
}

fn path(path: &std::path::Path) -> Json {
    Json::text(path.to_string_lossy())
}
