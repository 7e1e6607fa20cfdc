//! Every key of the configuration: where it stands, what it takes, its default, its text.
//!
//! The parser refuses what is not here and reports a bug when it leaves a key of here
//! unread; the JSON Schema is made from here and compared by a test; man page and docs
//! follow. Keys of later releases are here too, so that they are told from typing errors.

use std::fmt;

use Kind::*;
use Presence::*;
use Section::*;

/// One key.
#[derive(Debug)]
pub struct Key {
    /// The object it stands in.
    pub section: Section,
    /// The key itself.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether it must be there, and what holds without it.
    pub presence: Presence,
    /// A value that could stand here, as JSON.
    pub example: &'static str,
    /// What it is for, in a line.
    pub text: &'static str,
}

/// The objects that have keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The object form of `cloud`.
    Cloud,
    /// The object form of a credential.
    Credential,
    /// The object form of `device_id`.
    DeviceId,
    /// A file of a set.
    File,
    /// Every identity.
    Identity,
    /// An identity of this type.
    IdentityOf(&'static str),
    /// `network`.
    Network,
    /// `on_change` of a set.
    OnChange,
    /// The object form of `network.proxy`.
    Proxy,
    /// A set.
    Set,
    /// The configuration itself.
    Top,
}

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A user's or group's name or number.
    Account,
    /// `true` or `false`.
    Boolean,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// A preset's name or an object of `Section::Cloud`.
    CloudFacts,
    /// A list of argv lists.
    Commands,
    /// A path or an object of `Section::Credential`.
    CredentialFile,
    /// A text or an object of `Section::DeviceId`.
    DeviceName,
    /// A text such as `15m`.
    Duration,
    /// An object of objects of `Section::File`, by file name.
    Files,
    /// A list of host names, `.suffix`es or `*`.
    Hosts,
    /// An identity or a list of them.
    Identities,
    /// What a later release takes.
    Later,
    /// A text such as `0440`.
    Mode,
    /// A whole number of the first to the second.
    Number(u32, u32),
    /// An object of this section.
    Object(Section),
    /// An absolute path.
    Path,
    /// A URL or an object of `Section::Proxy`.
    ProxyAddress,
    /// An object of `address:port` by host.
    Resolve,
    /// An object of objects of `Section::Set`, by set name.
    Sets,
    /// A text of this pattern (ECMA 262).
    Text(&'static str),
    /// A list of systemd unit names.
    Units,
}

/// Whether a key must be there, and what holds without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Without it, this JSON value holds.
    Default(&'static str),
    /// A key of a later release.
    KnownLater,
    /// Without it there is nothing.
    Optional,
    /// Without it, this holds, in words.
    Otherwise(&'static str),
    /// It must be there.
    Required,
}

/// A type of identity.
#[derive(Debug)]
pub struct IdentityType {
    /// Its name, the value of `type`.
    pub name: &'static str,
    /// Whether this release knows it.
    pub usable: bool,
    /// What it is, in a line.
    pub text: &'static str,
}

/// The row of `name` in `section`.
pub fn find(section: Section, name: &str) -> Option<&'static Key> {
    keys_of(section).find(|key| key.name == name)
}

/// All rows of `section`.
pub fn keys_of(section: Section) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| {
        let of_every_type = matches!(section, IdentityOf(_)) && key.section == Identity;
        key.section == section || of_every_type
    })
}

impl Key {
    /// Whether only a later release knows it.
    pub fn is_later(&self) -> bool {
        self.presence == KnownLater
    }
}

impl fmt::Display for Section {
    /// As it stands behind "belongs into".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cloud => "the object of \"cloud\"",
            Credential => "the object of a credential",
            DeviceId => "the object of \"device_id\"",
            File => "a file of a set",
            Identity => "an identity",
            IdentityOf(name) => return write!(f, "an identity of type \"{name}\""),
            Network => "\"network\"",
            OnChange => "\"on_change\" of a set",
            Proxy => "\"proxy\" of \"network\"",
            Set => "a set",
            Top => "the top level",
        })
    }
}

/// The types of identity, in the order in which they are told.
pub const IDENTITY_TYPES: &[IdentityType] = &[
    IdentityType {
        name: "certificate",
        usable: true,
        text: "A certificate and its private key.",
    },
    IdentityType {
        name: "client_secret",
        usable: true,
        text: "A client secret.",
    },
    IdentityType {
        name: "managed_identity",
        usable: false,
        text: "The identity that Azure gave this machine.",
    },
    IdentityType {
        name: "federated",
        usable: false,
        text: "A token of another issuer.",
    },
    IdentityType {
        name: "device_code",
        usable: false,
        text: "A person who signs in for this run.",
    },
    IdentityType {
        name: "password",
        usable: false,
        text: "A user name and password.",
    },
    IdentityType {
        name: "environment",
        usable: false,
        text: "The usual AZURE_* variables.",
    },
];

const CERTIFICATE: Section = IdentityOf("certificate");
const CLIENT_SECRET: Section = IdentityOf("client_secret");
const GUID: Kind = Text("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$");
const HTTPS: Kind = Text("^https://[^/@?#]+$");
const TENANT: Kind =
    Text("^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-zA-Z-]+(\\.[0-9a-zA-Z-]+)+)$");
const VAULT: Kind = Text("^([0-9a-zA-Z-]{3,24}|https://[0-9a-zA-Z.-]+/?)$");

const PRESET: &str = r#""usgov""#;
const IDENTITY: &str = r#"{"type": "certificate", "tenant": "contoso.onmicrosoft.com", "client_id": "4f4a1d1b-2a3c-4c5d-8e9f-0a1b2c3d4e5f", "certificate": "/etc/keyferry/device.pem"}"#;
const SETS: &str = r#"{"mqtt": {"files": {"password": {"secret": "mqtt-password"}}}}"#;
const TENANT_ID: &str = r#""contoso.onmicrosoft.com""#;
const CLIENT_ID: &str = r#""4f4a1d1b-2a3c-4c5d-8e9f-0a1b2c3d4e5f""#;

/// All keys, each object's in the order in which they are told.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key(Top, "cloud", CloudFacts, Required, PRESET,
        "The national cloud: a preset's name, or an object with its facts."),
    key(Top, "identity", Identities, Required, IDENTITY,
        "How this device proves who it is; of a list, the next is tried when the authority refuses the credential."),
    key(Top, "vault", VAULT, Optional, r#""factory7-edge""#,
        "The vault of all files that name no other: a name in the cloud's suffix, or its https URL."),
    key(Top, "sets", Sets, Otherwise("nothing is delivered"), SETS,
        "The sets by name: files that belong together and change together."),
    key(Top, "device_id", DeviceName, Otherwise("the host name"), r#""gw-0042""#,
        "What stands for ${device_id} in names of secrets."),
    key(Top, "network", Object(Network), Optional, r#"{"timeout": "30s"}"#,
        "How the cloud is reached."),
    key(Top, "runtime_directory", Path, Default(r#""/run/keyferry""#), r#""/run/keyferry""#,
        "Token cache, lock, status.json and, by default, the sets; on a tmpfs."),
    key(Top, "state_directory", Path, Default(r#""/var/lib/keyferry""#), r#""/var/lib/keyferry""#,
        "State that outlives a boot."),
    key(Top, "log", Choice(&["error", "warn", "info", "debug"]), Default(r#""info""#), r#""info""#,
        "The level below which nothing is logged."),

    key(Cloud, "authority", HTTPS, Required, r#""https://login.microsoftonline.us""#,
        "The host that issues tokens."),
    key(Cloud, "vault_suffix", Text("^[0-9a-zA-Z-]+(\\.[0-9a-zA-Z-]+)+$"), Required, r#""vault.usgovcloudapi.net""#,
        "What the hosts of vaults end in."),
    key(Cloud, "vault_audience", Text("^https://[^@?#]+[^/@?#]$"), Otherwise("https:// and vault_suffix"), r#""https://vault.usgovcloudapi.net""#,
        "The audience of tokens for vaults."),
    key(Cloud, "name", Text("^[0-9a-zA-Z][0-9a-zA-Z._-]{0,63}$"), Otherwise("the preset that the facts belong to, or the authority's host"), r#""our-cloud""#,
        "What output calls this cloud."),
    key(Cloud, "resource_manager", Later, KnownLater, r#""https://management.local.azurestack.external""#,
        "Where a private cloud tells its facts."),

    key(Identity, "type", Choice(&["certificate", "client_secret"]), Required, r#""certificate""#,
        "The kind of credential."),
    key(CERTIFICATE, "tenant", TENANT, Required, TENANT_ID,
        "The tenant to sign in to: its GUID or one of its domains."),
    key(CERTIFICATE, "client_id", GUID, Required, CLIENT_ID,
        "The application's (client) id."),
    key(CERTIFICATE, "certificate", CredentialFile, Required, r#""/etc/keyferry/device.pem""#,
        "PEM of the certificate, perhaps with chain and private key."),
    key(CERTIFICATE, "private_key", CredentialFile, Otherwise("the certificate's PEM holds it"), r#""/etc/keyferry/device.key""#,
        "PEM of the private key (RSA of 2048 to 4096 bit)."),
    key(CERTIFICATE, "send_chain", Boolean, Default("false"), "true",
        "Whether the chain is sent too, for trust by subject name and issuer."),
    key(CLIENT_SECRET, "tenant", TENANT, Required, TENANT_ID,
        "The tenant to sign in to: its GUID or one of its domains."),
    key(CLIENT_SECRET, "client_id", GUID, Required, CLIENT_ID,
        "The application's (client) id."),
    key(CLIENT_SECRET, "client_secret", CredentialFile, Required, r#"{"credential": "client-secret"}"#,
        "Where the client secret lies; one trailing newline is dropped."),
    later(IdentityOf("managed_identity"), "source"),
    later(IdentityOf("managed_identity"), "client_id"),
    later(IdentityOf("managed_identity"), "object_id"),
    later(IdentityOf("managed_identity"), "resource_id"),
    later(IdentityOf("federated"), "tenant"),
    later(IdentityOf("federated"), "client_id"),
    later(IdentityOf("federated"), "token_file"),
    later(IdentityOf("device_code"), "tenant"),
    later(IdentityOf("device_code"), "client_id"),
    later(IdentityOf("password"), "tenant"),
    later(IdentityOf("password"), "client_id"),
    later(IdentityOf("password"), "username"),
    later(IdentityOf("password"), "password"),

    key(Credential, "file", Path, Optional, r#""/etc/keyferry/device.pem""#,
        "The file that holds it."),
    key(Credential, "credential", Text("^[^/]{1,255}$"), Optional, r#""device-key""#,
        "Its name below systemd's $CREDENTIALS_DIRECTORY."),
    key(Credential, "env", Text("^[A-Za-z_][A-Za-z0-9_]*$"), Optional, r#""DEVICE_KEY""#,
        "The environment variable that holds it."),

    key(DeviceId, "file", Path, Required, r#""/etc/device-id""#,
        "The file whose text is the device's id; white space around it is dropped."),

    key(Set, "files", Files, Required, r#"{"password": {"secret": "mqtt-password"}}"#,
        "The files by their names in the directory."),
    key(Set, "directory", Path, Otherwise("sets/ and its name below runtime_directory"), r#""/run/keyferry/sets/mqtt""#,
        "Where the files lie."),
    key(Set, "layout", Choice(&["linked", "plain"]), Default(r#""linked""#), r#""linked""#,
        "Symbolic links into whole generations, or plain files for readers that refuse links."),
    key(Set, "owner", Account, Otherwise("the user that runs keyferry"), r#""root""#,
        "Owner of the files: a name or a number."),
    key(Set, "group", Account, Otherwise("the group that runs keyferry"), r#""mosquitto""#,
        "Group of directory and files: a name or a number."),
    key(Set, "mode", Mode, Default(r#""0440""#), r#""0440""#,
        "Mode of the files; others get no bit."),
    key(Set, "directory_mode", Mode, Default(r#""0750""#), r#""0750""#,
        "Mode of the directory; only its owner may write."),
    key(Set, "vault", VAULT, Otherwise("the top level's vault"), r#""factory7-edge""#,
        "The vault of the set's files."),
    key(Set, "on_change", Object(OnChange), Optional, r#"{"reload": ["mosquitto.service"]}"#,
        "What is done once when the files have changed."),
    key(Set, "max_stale", Duration, Default(r#""7d""#), r#""7d""#,
        "Age of the last confirmation past which the set counts as lost; its files stay."),
    key(Set, "required", Boolean, Default("true"), "false",
        "Whether the set counts for exit code and readiness."),
    later(Set, "change_check"),
    later(Set, "offline"),
    later(Set, "seal"),

    key(File, "secret", Text("^[0-9a-zA-Z${}_-]{1,254}$"), Required, r#""mqtt-password""#,
        "The secret whose value is the file's content; ${device_id} may stand in its name."),
    key(File, "version", Text("^[0-9a-fA-F]{32}$"), Otherwise("the latest version"), r#""4387e9f3d6e14c459867679a90fd0f79""#,
        "The version to deliver, 32 hexadecimal digits."),
    key(File, "vault", VAULT, Otherwise("the set's vault"), r#""factory7-edge""#,
        "The vault of this file."),
    key(File, "mode", Mode, Otherwise("the set's mode"), r#""0400""#,
        "Mode of this file; others get no bit."),
    key(File, "owner", Account, Otherwise("the set's owner"), r#""root""#,
        "Owner of this file: a name or a number."),
    key(File, "group", Account, Otherwise("the set's group"), r#""mosquitto""#,
        "Group of this file: a name or a number."),
    key(File, "if_missing", Choice(&["fail", "keep", "skip"]), Default(r#""fail""#), r#""keep""#,
        "What happens when the vault does not have it: the set stays, this file stays, or the file goes."),
    later(File, "certificate"),
    later(File, "key"),
    later(File, "blob"),
    later(File, "env_file"),
    later(File, "compose"),
    later(File, "select"),
    later(File, "part"),
    later(File, "encoding"),
    later(File, "json"),
    later(File, "newline"),
    later(File, "max_objects"),
    later(File, "max_bytes"),
    later(File, "sha256"),

    key(OnChange, "reload", Units, Default("[]"), r#"["mosquitto.service"]"#,
        "Units to reload if they run, or to restart if they cannot reload."),
    key(OnChange, "restart", Units, Default("[]"), r#"["openvpn.service"]"#,
        "Units to restart if they run."),
    key(OnChange, "start", Units, Default("[]"), r#"["import.service"]"#,
        "Units to start unless they run."),
    key(OnChange, "run", Commands, Default("[]"), r#"[["/usr/bin/systemd-notify", "--ready"]]"#,
        "Programs to run, each as the list of its path and arguments; no shell."),
    key(OnChange, "timeout", Duration, Default(r#""90s""#), r#""90s""#,
        "Limit of each of these."),

    key(Network, "proxy", ProxyAddress, Otherwise("none; the environment is not asked"), r#""http://proxy.example:3128""#,
        "The HTTP proxy for all requests: http://HOST:PORT, or an object."),
    key(Network, "no_proxy", Hosts, Default("[]"), r#"[".internal.example"]"#,
        "Hosts that are reached directly: a name, a .suffix, or *."),
    key(Network, "ca_file", Path, Otherwise("the system's bundle"), r#""/etc/keyferry/ca.pem""#,
        "PEM bundle that replaces the system's certificate authorities."),
    key(Network, "ca_extra", Path, Optional, r#""/etc/keyferry/proxy-ca.pem""#,
        "PEM bundle that adds to them."),
    key(Network, "timeout", Duration, Default(r#""30s""#), r#""30s""#,
        "Limit of one attempt."),
    key(Network, "deadline", Duration, Default(r#""5m""#), r#""5m""#,
        "Limit of the whole run."),
    key(Network, "max_requests", Number(1, 100_000), Otherwise("twice the number of secrets, and 20"), "100",
        "How many requests a run may send; every attempt counts."),
    key(Network, "resolve", Resolve, Default("{}"), r#"{"factory7-edge.vault.usgovcloudapi.net": "10.1.2.3:443"}"#,
        "Hosts that are reached at this address and port, past DNS and any proxy."),

    key(Proxy, "url", Text("^http://[^/@?#]+:[0-9]+/?$"), Optional, r#""http://proxy.example:3128""#,
        "The proxy, http://HOST:PORT."),
    key(Proxy, "username", Text("^[^:]{1,255}$"), Optional, r#""gw-0042""#,
        "User name for Basic authentication."),
    key(Proxy, "password", CredentialFile, Optional, r#"{"credential": "proxy-password"}"#,
        "Where the password lies; one trailing newline is dropped."),
    key(Proxy, "env", Text("^[A-Za-z_][A-Za-z0-9_]*$"), Optional, r#""HTTPS_PROXY""#,
        "Instead of url: the environment variable that holds it; unset or empty means no proxy."),
];

const fn key(
    section: Section,
    name: &'static str,
    kind: Kind,
    presence: Presence,
    example: &'static str,
    text: &'static str,
) -> Key {
    Key {
        section,
        name,
        kind,
        presence,
        example,
        text,
    }
}

const fn later(section: Section, name: &'static str) -> Key {
    key(section, name, Later, KnownLater, "0", "")
}
