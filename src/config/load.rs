//! From files to a [`Config`].

use std::path::{Path, PathBuf};

use log::LevelFilter;

use super::accounts::Accounts;
use super::directories::{self, Own};
use super::file::{self, Vault};
use super::json::{Kind, Member, Node};
use super::network::{self, Environment};
use super::object::Object;
use super::problem::Problems;
use super::set::{self, Draft, Surroundings};
use super::source::{self, SourceFile};
use super::table::{self, Section};
use super::value;
use super::{cloud, device, identity};
use super::{BrokenSet, Config, InstanceName, LoadRequest, Set, Source};
use crate::error::Error;

impl Config {
    /// Reads, merges and checks the configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it, if any of that stops the run. What is wrong with
    /// single sets only is in [`Config::broken_sets`].
    pub fn load(request: &LoadRequest) -> Result<Self, Vec<Error>> {
        let path = device::below(request.root.as_deref(), &request.config);
        let files = source::read(&path).map_err(|problem| vec![problem.into()])?;
        let mut problems = Problems::default();
        let mut gathered = gather(&files, &mut problems);
        let Some(top) = gathered.top.take() else {
            return Err(problems.errors.into_iter().map(Error::from).collect());
        };
        build(request, top, gathered, problems)
    }
}

/// What the files say together.
struct Gathered<'a> {
    /// The joined top level without `sets`; nothing if the main file cannot be used.
    top: Option<Object<'a>>,
    /// All sets, equal names included.
    sets: Vec<Member<'a>>,
    /// Drop-ins whose sets cannot be told.
    broken: Vec<Draft>,
}

fn gather<'a>(files: &'a [SourceFile], problems: &mut Problems) -> Gathered<'a> {
    let mut gathered = Gathered {
        top: None,
        sets: Vec::new(),
        broken: Vec::new(),
    };
    for (index, file) in files.iter().enumerate() {
        let root = match &file.document {
            Ok(document) => document.root(),
            Err(problem) => Err(problem.clone()),
        };
        let root = root.and_then(|root| match root.kind() {
            Kind::Object => Ok(root),
            _ => Err(root.wrong_kind("an object")),
        });
        match root {
            Ok(root) => gathered.add(file, &root, problems),
            Err(problem) if index == 0 => {
                problems.add(problem);
                return gathered;
            }
            Err(problem) => gathered
                .broken
                .push(Draft::broken(file.name.clone(), problem)),
        }
    }
    gathered
}

impl<'a> Gathered<'a> {
    fn add(&mut self, file: &SourceFile, root: &Node<'a>, problems: &mut Problems) {
        let Some(mut object) = Object::open(root, Section::Top, problems) else {
            return;
        };
        if let Some(node) = object.take("sets") {
            let mut of_sets = Problems::default();
            let expected = "an object of sets by name";
            let sets = node.every_member(expected, &mut of_sets);
            self.sets.extend(sets.unwrap_or_default());
            let broken = of_sets.errors.into_iter();
            self.broken
                .extend(broken.map(|problem| Draft::broken(file.name.clone(), problem)));
        }
        match &mut self.top {
            Some(top) => top.join(object, problems),
            None => self.top = Some(object),
        }
    }
}

fn build(
    request: &LoadRequest,
    mut top: Object<'_>,
    gathered: Gathered<'_>,
    mut problems: Problems,
) -> Result<Config, Vec<Error>> {
    let root = request.root.as_deref();
    let accounts = Accounts::read(root.unwrap_or(Path::new("/")));
    let cloud = need(&mut top, "cloud", &mut problems);
    let cloud = cloud.and_then(|node| cloud::read(&node, &mut problems));
    let identities = need(&mut top, "identity", &mut problems);
    let identities = identities.map(|node| identity::read(&node, &mut problems));
    let vault = match top.take("vault") {
        Some(node) => file::vault(&node, cloud.as_ref(), &mut problems),
        None => Vault::Nowhere,
    };
    let device_id = device::read(top.take("device_id").as_ref(), root, &mut problems);
    let environment = if root.is_some() {
        Environment::Elsewhere
    } else {
        Environment::Ours
    };
    let mut network = network::read(top.take("network").as_ref(), environment, &mut problems);
    let own = own_directories(request, &mut top, &mut problems);
    let log = problems.read(top.take("log"), |node| value::choice(node, &LEVELS));
    let main = top.node.clone();
    top.close(&mut problems);

    let around = Surroundings {
        accounts: &accounts,
        cloud: cloud.as_ref(),
        device_id: device_id.as_deref(),
        group: rustix::process::getegid(),
        runtime_directory: &own.runtime,
        user: rustix::process::geteuid(),
        vault,
    };
    let mut drafts = read_sets(&gathered.sets, &around);
    drafts.extend(gathered.broken);
    directories::check(&mut drafts, &own);
    let (sets, broken_sets) = settle(drafts, &mut problems);

    if sets.is_empty() && broken_sets.is_empty() {
        problems.warn(&main, "no set is configured, so nothing is delivered");
    }
    let (Some(cloud), Some(identities), Some(device_id), true) =
        (cloud, identities, device_id, problems.errors.is_empty())
    else {
        return Err(all_errors(problems, broken_sets));
    };
    if network.settings.max_requests == 0 {
        network.settings.max_requests = usual_requests(&sets);
    }
    Ok(Config {
        accounts,
        cloud,
        device_id,
        identities,
        sets,
        broken_sets,
        network: network.settings,
        proxy_login: network.proxy_login,
        runtime_directory: own.runtime,
        state_directory: own.state,
        instance: request
            .instance
            .as_ref()
            .map_or(String::new(), InstanceName::to_string),
        log: log.unwrap_or(LevelFilter::Info),
        warnings: problems.warnings,
    })
}

fn need<'a>(top: &mut Object<'a>, name: &str, problems: &mut Problems) -> Option<Node<'a>> {
    let key = table::find(Section::Top, name)?;
    top.need(key, problems)
}

fn own_directories(request: &LoadRequest, top: &mut Object<'_>, problems: &mut Problems) -> Own {
    let state_node = top.take("state_directory");
    let runtime = problems.read(top.take("runtime_directory"), value::path);
    let state = problems.read(state_node.clone(), value::path);
    let runtime = runtime.unwrap_or_else(|| PathBuf::from("/run/keyferry"));
    let state = state.unwrap_or_else(|| PathBuf::from("/var/lib/keyferry"));
    if runtime.starts_with(&state) || state.starts_with(&runtime) {
        let node = state_node.unwrap_or_else(|| top.node.clone());
        problems.add(node.problem_with(
            "must not be, hold or lie in \"runtime_directory\"",
            "give each a directory of its own",
        ));
    }
    let of_instance = |directory: PathBuf| match &request.instance {
        Some(name) => directory.join(name.as_str()),
        None => directory,
    };
    let config = source::directory(&device::below(request.root.as_deref(), &request.config));
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
        let mut errors = draft.problems.errors.into_iter().map(Error::from);
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
        problems.warnings.extend(draft.problems.warnings);
    }
    (sets, broken_sets)
}

fn all_errors(problems: Problems, broken_sets: Vec<BrokenSet>) -> Vec<Error> {
    let mut errors: Vec<Error> = problems.errors.into_iter().map(Error::from).collect();
    for broken in broken_sets {
        errors.push(broken.error);
        errors.extend(broken.others);
    }
    errors
}

/// Twice the number of distinct objects, and 20.
fn usual_requests(sets: &[Set]) -> u32 {
    let mut objects: Vec<&Source> = Vec::new();
    for file in sets.iter().flat_map(|set| &set.files) {
        if !objects.contains(&&file.source) {
            objects.push(&file.source);
        }
    }
    let count = u32::try_from(objects.len()).unwrap_or(u32::MAX);
    count.saturating_mul(2).saturating_add(20)
}

const LEVELS: [(&str, LevelFilter); 4] = [
    ("error", LevelFilter::Error),
    ("warn", LevelFilter::Warn),
    ("info", LevelFilter::Info),
    ("debug", LevelFilter::Debug),
];
const MOST_SETS: usize = 64;
