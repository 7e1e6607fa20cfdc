//! The rows of the table of keys ([`super::table`]).

use super::table::Kind::*;
use super::table::Presence::*;
use super::table::Section::*;
use super::table::{IdentityType, Key, Kind, Known, Presence, Section};

/// The types of identity, in the order in which they are told.
pub const IDENTITY_TYPES: &[IdentityType] = &[
    IdentityType {
        name: "certificate",
        text: "A certificate and its private key.",
    },
    IdentityType {
        name: "client_secret",
        text: "A client secret.",
    },
    IdentityType {
        name: "managed_identity",
        text: "The identity that Azure gave this machine.",
    },
    IdentityType {
        name: "federated",
        text: "A token of another issuer.",
    },
    IdentityType {
        name: "device_code",
        text: "A person who signs in for a run of `keyferry sync --sign-in`.",
    },
    IdentityType {
        name: "password",
        text: "A user name and password.",
    },
    IdentityType {
        name: "environment",
        text: "The usual AZURE_* variables.",
    },
];

const CERTIFICATE: Section = IdentityOf("certificate");
const CLIENT_SECRET: Section = IdentityOf("client_secret");
const DEVICE_CODE: Section = IdentityOf("device_code");
const FEDERATED: Section = IdentityOf("federated");
const MANAGED_IDENTITY: Section = IdentityOf("managed_identity");
const PASSWORD: Section = IdentityOf("password");
const GUID: Kind = Text("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$");
const AUTHORITY: Kind = Text("^https://[^/@?#]+(/adfs)?/?$");
const AUDIENCE: Kind = Text("^https://[^@?#]+$");
const SUFFIX: Kind = Text("^[0-9a-zA-Z-]+(\\.[0-9a-zA-Z-]+)+$");
const URL: Kind = Text("^https://[0-9a-zA-Z.-]+/?$");
const TENANT: Kind = Text(
    "^(adfs|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-zA-Z-]+(\\.[0-9a-zA-Z-]+)+)$",
);
const VAULT: Kind = Text("^([0-9a-zA-Z-]{3,24}|https://[0-9a-zA-Z.-]+/?)$");
const OBJECT: Kind = Text("^[0-9a-zA-Z${}_-]{1,254}$");
const PART: Kind = Choice(&["cert", "chain", "ca", "key", "bundle", "pfx", "pem", "jwk"]);
const PART_DEFAULT: Presence = Otherwise("pem for keys; certificates need it");
const PART_TEXT: &str = "Of a certificate: cert, chain (cert and ca), ca, key, bundle (key and chain), pfx. Of a key: pem, jwk.";
const ENCODING: Kind = Choice(&["utf-8", "base64", "hex"]);
const ENCODING_DEFAULT: Presence = Otherwise("as the secret's tag file-encoding says, else utf-8");
const NEWLINE: Kind = Choice(&["keep", "strip", "ensure"]);
const VERSION: Kind = Text("^[0-9a-fA-F]{32}$");
const POINTER: Kind = Text("^(/([^~]|~[01])*)?$");
const POINTER_DEFAULT: Presence = Otherwise("the whole value");

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
        "What stands for ${device_id} in names of objects and blobs and in what is selected."),
    key(Top, "network", Object(Network), Optional, r#"{"timeout": "30s"}"#,
        "How the cloud is reached."),
    key(Top, "runtime_directory", Path, Default(r#""/run/keyferry""#), r#""/run/keyferry""#,
        "Token cache, lock, status.json and, by default, the sets; on a tmpfs."),
    key(Top, "state_directory", Path, Default(r#""/var/lib/keyferry""#), r#""/var/lib/keyferry""#,
        "State that outlives a boot."),
    key(Top, "log", Choice(&["error", "warn", "info", "debug"]), Default(r#""info""#), r#""info""#,
        "The level below which nothing is logged."),

    key(Cloud, "authority", AUTHORITY, Otherwise("resource_manager tells it"), r#""https://login.microsoftonline.us""#,
        "The host that issues tokens; with /adfs behind it, if that is AD FS."),
    key(Cloud, "vault_suffix", SUFFIX, Otherwise("resource_manager tells it"), r#""vault.usgovcloudapi.net""#,
        "What the hosts of vaults end in."),
    key(Cloud, "vault_audience", Text("^https://[^@?#]+[^/@?#]$"), Otherwise("https:// and vault_suffix"), r#""https://vault.usgovcloudapi.net""#,
        "The audience of tokens for vaults."),
    key(Cloud, "storage_suffix", SUFFIX, Otherwise("as published or told"), r#""core.usgovcloudapi.net""#,
        "What the hosts of storage end in, behind \"blob.\"."),
    key(Cloud, "storage_audience", AUDIENCE, Otherwise("as published or told"), r#""https://storage.azure.com/""#,
        "The audience of tokens for storage."),
    key(Cloud, "resource_manager", URL, Otherwise("as published"), r#""https://management.local.azurestack.external""#,
        "The Resource Manager. Without authority beside it, it is asked for the facts of the cloud; what it tells first is kept."),
    key(Cloud, "resource_manager_audience", AUDIENCE, Otherwise("as published or told"), r#""https://management.core.usgovcloudapi.net/""#,
        "The audience of tokens for the Resource Manager."),
    key(Cloud, "graph", URL, Otherwise("as published or told"), r#""https://graph.microsoft.us""#,
        "Microsoft Graph."),
    key(Cloud, "name", Text("^[0-9a-zA-Z][0-9a-zA-Z._-]{0,63}$"), Otherwise("the preset that the facts belong to, or the host of authority or resource_manager"), r#""our-cloud""#,
        "What output calls this cloud."),

    key(Identity, "type", Choice(&["certificate", "client_secret", "managed_identity", "federated", "device_code", "password", "environment"]), Required, r#""certificate""#,
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
    key(DEVICE_CODE, "tenant", TENANT, Required, TENANT_ID,
        "The tenant to sign in to: its GUID or one of its domains."),
    key(DEVICE_CODE, "client_id", GUID, Required, CLIENT_ID,
        "The application's (client) id; it must allow public client flows."),
    key(FEDERATED, "tenant", TENANT, Required, TENANT_ID,
        "The tenant to sign in to: its GUID or one of its domains."),
    key(FEDERATED, "client_id", GUID, Required, CLIENT_ID,
        "The application's (client) id, or that of a user-assigned identity."),
    key(FEDERATED, "token_file", CredentialFile, Required, r#""/run/secrets/tokens/azure""#,
        "Where the other issuer's token lies; read anew for each sign-in."),
    key(MANAGED_IDENTITY, "source", Choice(&["auto", "imds", "arc", "app_service", "azure_ml"]), Default(r#""auto""#), r#""arc""#,
        "Which endpoint of the machine gives the token; auto goes by what lies on the machine."),
    key(MANAGED_IDENTITY, "client_id", GUID, Otherwise("the machine's own identity"), CLIENT_ID,
        "The client id of a user-assigned identity."),
    key(MANAGED_IDENTITY, "object_id", GUID, Otherwise("the machine's own identity"), r#""9d7ab0f5-50f3-4c5d-8e9f-0a1b2c3d4e5f""#,
        "Instead of client_id: its object id."),
    key(MANAGED_IDENTITY, "resource_id", Text("^/[Ss]ubscriptions/[^?#&]+$"), Otherwise("the machine's own identity"),
        r#""/subscriptions/6f8e2f0a-50f3-4c5d-8e9f-0a1b2c3d4e5f/resourceGroups/plant7/providers/Microsoft.ManagedIdentity/userAssignedIdentities/gateways""#,
        "Instead of client_id: its id in the Resource Manager."),
    key(PASSWORD, "tenant", TENANT, Required, TENANT_ID,
        "The tenant to sign in to: its GUID or one of its domains."),
    key(PASSWORD, "client_id", GUID, Required, CLIENT_ID,
        "The application's (client) id; it must allow public client flows."),
    key(PASSWORD, "username", Text("^.{1,255}$"), Required, r#""edge@contoso.onmicrosoft.com""#,
        "The user's name."),
    key(PASSWORD, "password", CredentialFile, Required, r#"{"credential": "user-password"}"#,
        "Where the password lies; one trailing newline is dropped."),

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
    key(Set, "change_check", Choice(&["get", "list"]), Default(r#""get""#), r#""list""#,
        "Whether each object is fetched, or the vault's list asked first and then what changed."),
    later(Set, "offline"),
    later(Set, "seal"),

    key(File, "secret", OBJECT, Otherwise("another source"), r#""mqtt-password""#,
        "The secret whose value is the file's content; ${device_id} may stand in its name."),
    key(File, "certificate", OBJECT, Otherwise("another source"), r#""mqtt-client""#,
        "The certificate of which the file holds a part; ${device_id} may stand in its name."),
    key(File, "key", OBJECT, Otherwise("another source"), r#""firmware-signing""#,
        "The key whose public part the file holds; ${device_id} may stand in its name."),
    key(File, "blob", Object(Blob), Otherwise("another source"), r#"{"account": "factory7files", "container": "firmware", "name": "gateway/2.4.1/image.swu"}"#,
        "A file of Blob Storage."),
    key(File, "env_file", Variables, Otherwise("another source"), r#"{"MQTT_PASSWORD": {"secret": "mqtt-password"}}"#,
        "Variables for EnvironmentFile= and sh, each with a source of its own."),
    key(File, "compose", Object(Compose), Otherwise("another source"), r#"{"text": "mqtt://edge:${password|url}@broker:1883", "values": {"password": {"secret": "mqtt-password"}}}"#,
        "A text with values in it."),
    key(File, "select", Object(Select), Otherwise("another source"), r#"{"tags": {"device": "${device_id}"}}"#,
        "One file for each object that fits; ${name} stands for the object's name in that of the file."),
    key(File, "version", VERSION, Otherwise("the latest version"), r#""4387e9f3d6e14c459867679a90fd0f79""#,
        "The version to deliver, 32 hexadecimal digits."),
    key(File, "vault", VAULT, Otherwise("the set's vault"), r#""factory7-edge""#,
        "The vault of this file."),
    key(File, "part", PART, PART_DEFAULT, r#""chain""#,
        PART_TEXT),
    key(File, "encoding", ENCODING, ENCODING_DEFAULT, r#""base64""#,
        "How a secret's value stands for bytes."),
    key(File, "json", POINTER, POINTER_DEFAULT, r#""/broker/password""#,
        "Which part of a secret that is a JSON document: a JSON pointer (RFC 6901)."),
    key(File, "newline", NEWLINE, Default(r#""keep""#), r#""strip""#,
        "What happens to line breaks at the end of a secret; ensure adds one unless there is one."),
    key(File, "max_bytes", Number(1, 1 << 53), Otherwise("16 MiB if the set lies in memory, else any number"), "268435456",
        "How many bytes a blob may have."),
    key(File, "sha256", Text("^[0-9a-fA-F]{64}$"), Optional, r#""9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08""#,
        "The SHA-256 that a blob must have."),
    key(File, "max_objects", Number(1, 256), Otherwise("select needs it"), "20",
        "How many objects a selection may find; more are an error."),
    key(File, "mode", Mode, Otherwise("the set's mode"), r#""0440""#,
        "Mode of this file; others get no bit."),
    key(File, "owner", Account, Otherwise("the set's owner"), r#""root""#,
        "Owner of this file: a name or a number."),
    key(File, "group", Account, Otherwise("the set's group"), r#""mosquitto""#,
        "Group of this file: a name or a number."),
    key(File, "if_missing", Choice(&["fail", "keep", "skip"]), Default(r#""fail""#), r#""keep""#,
        "What happens when the vault does not have it: the set stays, this file stays, or the file goes."),

    key(Blob, "account", Text("^[0-9a-z]{3,24}$"), Required, r#""factory7files""#,
        "The storage account; its host is this, blob and the cloud's storage_suffix."),
    key(Blob, "container", Text("^(\\$root|(?=.{3,63}$)[0-9a-z]+(-[0-9a-z]+)*)$"), Required, r#""firmware""#,
        "The container."),
    key(Blob, "name", Text("^[^/\\\\][^\\\\]{0,1999}$"), Required, r#""gateway/2.4.1/image.swu""#,
        "The blob in it; ${device_id} may stand in its name."),

    key(Select, "type", Choice(&["secret", "certificate"]), Default(r#""secret""#), r#""certificate""#,
        "Whether secrets or certificates are selected."),
    key(Select, "prefix", OBJECT, Otherwise("any name"), r#""line3-""#,
        "What the names of the objects begin with; ${device_id} may stand in it."),
    key(Select, "tags", Tags, Otherwise("any tags"), r#"{"device": "${device_id}"}"#,
        "Tags that the objects have, with their values; ${device_id} may stand in a value."),
    key(Select, "allow_empty", Boolean, Default("false"), "true",
        "Whether nothing may be selected; else the set stays as it is then."),

    key(Compose, "text", Text("\\$\\{"), Otherwise("file"), r#""mqtt://edge:${password|url}@broker:1883""#,
        "The text: ${NAME} stands for a value, ${NAME|FILTER} for it as base64, json or url want it, $${ for ${ itself."),
    key(Compose, "file", Path, Otherwise("text"), r#""/etc/keyferry/broker.tmpl""#,
        "A file with the text instead, at most 64 KiB; as trustworthy as the configuration."),
    key(Compose, "values", Values, Required, r#"{"password": {"secret": "mqtt-password"}}"#,
        "The values by their names in the text; each must stand there."),

    key(Value, "secret", OBJECT, Otherwise("another source"), r#""db-password""#,
        "The secret whose value it is; ${device_id} may stand in its name."),
    key(Value, "certificate", OBJECT, Otherwise("another source"), r#""mqtt-client""#,
        "The certificate of which it is a part; ${device_id} may stand in its name."),
    key(Value, "key", OBJECT, Otherwise("another source"), r#""firmware-signing""#,
        "The key whose public part it is; ${device_id} may stand in its name."),
    key(Value, "version", VERSION, Otherwise("the latest version"), r#""4387e9f3d6e14c459867679a90fd0f79""#,
        "The version to deliver, 32 hexadecimal digits."),
    key(Value, "vault", VAULT, Otherwise("the file's vault"), r#""factory7-edge""#,
        "The vault of this value."),
    key(Value, "part", Choice(&["cert", "chain", "ca", "key", "bundle", "pem", "jwk"]), PART_DEFAULT, r#""chain""#,
        "As that of a file, but for pfx."),
    key(Value, "encoding", ENCODING, ENCODING_DEFAULT, r#""base64""#,
        "As that of a file."),
    key(Value, "json", POINTER, POINTER_DEFAULT, r#""/broker/password""#,
        "As that of a file."),
    key(Value, "newline", NEWLINE, Default(r#""keep""#), r#""strip""#,
        "As that of a file."),
    key(Variable, "compose", Object(Compose), Otherwise("another source"), r#"{"text": "mqtt://edge:${password|url}@broker:1883", "values": {"password": {"secret": "mqtt-password"}}}"#,
        "A text with values in it. The keys above may stand here too."),

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
    key(Network, "max_requests", Number(1, 100_000), Otherwise("20, and 2 for each object or blob, 4 for each certificate, 100 for each list of a vault"), "100",
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

/// What the parser knows of [`KEYS`].
#[expect(
    clippy::indexing_slicing,
    reason = "the compiler makes it, and would refuse"
)]
pub(super) static KNOWN: [Known; KEYS.len()] = {
    let mut known = [KEYS[0].known(); KEYS.len()];
    let mut row = 0;
    while row < KEYS.len() {
        known[row] = KEYS[row].known();
        row += 1;
    }
    known
};

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
