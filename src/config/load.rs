//! From files to a [`Config`].

use std::path::PathBuf;
use std::time::Duration;

use log::LevelFilter;
use rustix::fs::{Gid, Uid};
use rustix::process::{getegid, geteuid};

use super::accounts::Accounts;
use super::budget;
use super::cloud::Reading;
use super::directories::{self, Own};
use super::form::{self, Vault};
use super::json::{Member, Node};
use super::merge::{gather, Gathered};
use super::network::{self, Network};
use super::object::Object;
use super::problem::{Problem, Problems};
use super::proxy::Environment;
use super::set::{self, Draft, Surroundings};
use super::source::{self, SourceFile};
use super::table::{self, Section};
use super::value;
use super::{cloud, device, identity, pinned};
use super::{BrokenSet, Config, Identity, InstanceName, LoadRequest, Set};
use super::{Outline, PrivateCloud};
use crate::clock;
use crate::cloud::{metadata, Cloud, Pin};
use crate::disk::Root;
use crate::error::Error;
use crate::name::HostName;

impl Config {
    /// Reads, merges and checks the configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it, if any of that stops the run. What is wrong with
    /// single sets only is in [`Config::broken_sets`].
    pub fn load(request: &LoadRequest) -> Result<Self, Vec<Error>> {
        from_files(request, &files(request)?)
    }
}

/// The files that the configuration consists of, the main one first.
pub(super) fn files(request: &LoadRequest) -> Result<Vec<SourceFile>, Vec<Error>> {
    source::read(&request.root, &request.config).map_err(|problem| vec![problem.into()])
}

/// The configuration that `files` say, the main one first.
pub(super) fn from_files(
    request: &LoadRequest,
    files: &[SourceFile],
) -> Result<Config, Vec<Error>> {
    let mut problems = Problems::default();
    let mut gathered = gather(files, &mut problems);
    match gathered.top.take() {
        Some(top) => build(request, top, gathered, problems),
        None => Err(problems.into_errors()),
    }
}

fn build(
    request: &LoadRequest,
    object: Object<'_>,
    gathered: Gathered<'_>,
    mut problems: Problems,
) -> Result<Config, Vec<Error>> {
    let main = object.node.clone();
    let mut top = read_top(request, object, &mut problems);
    let accounts = Accounts::read(&request.root);
    let around = top.around_sets(&accounts, &request.root);
    let mut drafts = read_sets(&gathered.sets, &around);
    drafts.extend(gathered.broken);
    directories::check(&mut drafts, &top.own);
    let (sets, broken_sets) = settle(drafts, &mut problems);
    if sets.is_empty() && broken_sets.is_empty() {
        problems.warn(&main, "no set is configured, so nothing is delivered");
    }
    let (Some(cloud), Some(device_id), true) =
        (top.cloud, top.device_id, problems.errors.is_empty())
    else {
        let mut errors = all_errors(problems, broken_sets);
        errors.extend(top.unknown_cloud);
        return Err(errors);
    };
    if top.network.settings.max_requests == 0 {
        top.network.settings.max_requests = budget::usual_requests(&sets);
    }
    let instance = request.instance.as_ref();
    Ok(Config {
        accounts,
        is_private_cloud: top.private_cloud.is_some(),
        cloud,
        device_id,
        identities: top.identities,
        vault: match top.vault {
            Vault::Named(host) => Some(*host),
            Vault::Nowhere | Vault::Unusable => None,
        },
        sets,
        broken_sets,
        network: top.network.settings,
        proxy_login: top.network.proxy_login,
        runtime_directory: top.own.runtime,
        state_directory: top.own.state,
        instance: instance.map_or(String::new(), InstanceName::to_string),
        log: top.log,
        warnings: problems.warnings,
    })
}

/// The top level but for the sets, as far as it could be read.
pub(super) struct Top {
    cloud: Option<Cloud>,
    private_cloud: Option<PrivateCloud>,
    /// Why the facts of a private cloud are not known.
    unknown_cloud: Option<Error>,
    device_id: Option<String>,
    identities: Vec<Identity>,
    log: LevelFilter,
    network: Network,
    own: Own,
    vault: Vault,
}

impl Top {
    fn around_sets<'a>(&'a self, accounts: &'a Accounts, root: &'a Root) -> Surroundings<'a> {
        // On its device the timer runs it as root.
        let (user, group) = match root.top() {
            Some(_) => (Uid::ROOT, Gid::ROOT),
            None => (geteuid(), getegid()),
        };
        Surroundings {
            accounts,
            cloud: self.cloud.as_ref(),
            device_id: self.device_id.as_deref(),
            group,
            root,
            runtime_directory: &self.own.runtime,
            user,
            vault: self.vault.clone(),
        }
    }

    /// What is known before the sets.
    pub fn outline(self) -> Outline {
        Outline {
            private_cloud: self.private_cloud,
            log: self.log,
            network: self.network.settings,
            proxy_login: self.network.proxy_login,
            runtime_directory: self.own.runtime,
            state_directory: self.own.state,
        }
    }
}

pub(super) fn read_top(
    request: &LoadRequest,
    mut object: Object<'_>,
    problems: &mut Problems,
) -> Top {
    let root = &request.root;
    let environment = match root.top() {
        Some(_) => Environment::Elsewhere,
        None => Environment::Ours,
    };
    let own = own_directories(request, Some(&mut object), problems);
    let (mut private_cloud, mut unknown_cloud) = (None, None);
    let cloud_node = need(&mut object, "cloud", problems);
    let reading = cloud_node
        .as_ref()
        .and_then(|node| cloud::read(node, problems));
    let cloud = match reading.zip(cloud_node) {
        None => None,
        Some((Reading::Known(cloud), _)) => Some(cloud),
        Some((Reading::Private(private), node)) => {
            private_cloud = Some(PrivateCloud {
                resource_manager: private.resource_manager.clone(),
                name: private.name().map(str::to_owned),
            });
            match told(request, &own, &private.resource_manager) {
                Ok(pin) => {
                    warn_of_age(&pin, &node, problems);
                    warn_of_supposition(&pin.cloud, &node, problems);
                    private.settle(pin.cloud, problems)
                }
                Err(error) => {
                    unknown_cloud = Some(error);
                    None
                }
            }
        }
    };
    let identities = need(&mut object, "identity", problems);
    let identities = identities.map(|node| identity::read(&node, cloud.as_ref(), problems));
    let vault = match object.take("vault") {
        Some(node) => form::vault(&node, cloud.as_ref(), problems),
        None => Vault::Nowhere,
    };
    let log = value::choice(object.take("log"), &LEVELS, problems);
    let top = Top {
        cloud,
        private_cloud,
        unknown_cloud,
        device_id: device::read(object.take("device_id").as_ref(), root, problems),
        identities: identities.unwrap_or_default(),
        log: log.unwrap_or(LevelFilter::Info),
        network: network::read(object.take("network").as_ref(), environment, problems),
        own,
        vault,
    };
    object.close(problems);
    top
}

/// What a private cloud told: just now, or before. In an image, which only its devices' runs
/// will ask for, what can be supposed.
fn told(request: &LoadRequest, own: &Own, resource_manager: &HostName) -> Result<Pin, Error> {
    let asked = clock::now();
    if let Some(cloud) = request.told.clone() {
        return Ok(Pin { cloud, asked });
    }
    let pin = pinned::pin(&request.root, &own.state, resource_manager);
    let supposed = || {
        request.root.top()?;
        let cloud = metadata::supposed(resource_manager).ok()?;
        Some(Pin { cloud, asked })
    };
    match pin {
        Ok(Some(pin)) => Ok(pin),
        Ok(None) => supposed().ok_or_else(|| Error::CloudUnknown {
            resource_manager: resource_manager.clone(),
        }),
        // Of an image the directory is looked at, too, and there is more to tell.
        Err(error) => supposed().ok_or(error),
    }
}

fn warn_of_age(pin: &Pin, node: &Node<'_>, problems: &mut Problems) {
    let age = clock::since(pin.asked, clock::now());
    if let Some(age) = age.filter(|age| *age > OLD) {
        let text = format!(
            "{} told the facts of this cloud {} ago and was not reached since",
            pin.cloud.name,
            clock::age(age)
        );
        problems.warn(node, &text);
    }
}

fn warn_of_supposition(cloud: &Cloud, node: &Node<'_>, problems: &mut Problems) {
    if !cloud.is_supposed {
        return;
    }
    let text = format!("{} tells the facts of this cloud to the device only; here vaults are supposed to be NAME.{}: give \"vault_suffix\" where they are not", cloud.name, cloud.vault_suffix);
    problems.warn(node, &text);
}

fn need<'a>(top: &mut Object<'a>, name: &str, problems: &mut Problems) -> Option<Node<'a>> {
    let key = table::find(Section::Top, name)?;
    top.need(key, problems)
}

/// The directories that `top` names; the usual ones if it does not.
pub(super) fn own_directories(
    request: &LoadRequest,
    mut top: Option<&mut Object<'_>>,
    problems: &mut Problems,
) -> Own {
    let mut take = |name| top.as_mut().and_then(|top| top.take(name));
    let (state_node, runtime_node) = (take("state_directory"), take("runtime_directory"));
    let runtime = problems.read(runtime_node.clone(), value::path);
    let state = problems.read(state_node.clone(), value::path);
    let runtime = runtime.unwrap_or_else(|| PathBuf::from("/run/keyferry"));
    let state = state.unwrap_or_else(|| PathBuf::from("/var/lib/keyferry"));
    let overlap = runtime.starts_with(&state) || state.starts_with(&runtime);
    // The usual ones do not, so that one of the two is named.
    if let Some(node) = state_node.or(runtime_node).filter(|_| overlap) {
        problems.add(Problem {
            place: node.place(),
            problem:
                "\"runtime_directory\" and \"state_directory\" are the same or one holds the other"
                    .to_owned(),
            advice: "give each a directory of its own".to_owned(),
        });
    }
    let of_instance = |directory: PathBuf| match &request.instance {
        Some(name) => directory.join(name.as_str()),
        None => directory,
    };
    let config = source::directory(&request.root, &request.config);
    Own {
        config: std::path::absolute(&config).unwrap_or(config),
        runtime: of_instance(runtime),
        state: of_instance(state),
    }
}

/// Reads all sets. Two of one name fail both: which one was meant cannot be told.
fn read_sets(members: &[Member<'_>], around: &Surroundings<'_>) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for (index, member) in members.iter().enumerate() {
        let mut earlier = members.iter().take(index);
        if let Some(first) = earlier.find(|other| other.key == member.key) {
            let repeated = member.repeated(first);
            if let Some(draft) = drafts.iter_mut().find(|draft| draft.name == member.key) {
                draft.problems.add(repeated);
                draft.set = None;
            }
            continue;
        }
        let mut draft = set::read(member, around);
        if drafts.len() >= MOST_SETS {
            draft.set = None;
            draft.problems.add(member.problem(
                format!(
                    "{} is one set too many: there may be {MOST_SETS}",
                    member.value.label
                ),
                "join sets, or run a second instance".to_owned(),
            ));
        }
        drafts.push(draft);
    }
    drafts
}

fn settle(drafts: Vec<Draft>, problems: &mut Problems) -> (Vec<Set>, Vec<BrokenSet>) {
    let (mut sets, mut broken_sets) = (Vec::new(), Vec::new());
    for draft in drafts {
        problems
            .warnings
            .extend_from_slice(&draft.problems.warnings);
        let mut errors = draft.problems.into_errors().into_iter();
        match (errors.next(), draft.set) {
            (Some(error), _) => broken_sets.push(BrokenSet {
                name: draft.name,
                required: draft.required,
                error,
                others: errors.collect(),
            }),
            (None, Some(set)) => sets.push(set),
            // It lacks something that stops the run and is noted there.
            (None, None) => {}
        }
    }
    (sets, broken_sets)
}

fn all_errors(problems: Problems, broken_sets: Vec<BrokenSet>) -> Vec<Error> {
    let mut errors = problems.into_errors();
    for broken in broken_sets {
        errors.push(broken.error);
        errors.extend(broken.others);
    }
    errors
}

const LEVELS: [(&str, LevelFilter); 4] = [
    ("error", LevelFilter::Error),
    ("warn", LevelFilter::Warn),
    ("info", LevelFilter::Info),
    ("debug", LevelFilter::Debug),
];
const MOST_SETS: usize = 64;
/// From this age on, what a private cloud told deserves a warning.
const OLD: Duration = Duration::from_secs(7 * 86_400);
