//! What must hold of a device's disk after a kill, after a failed call, after healing.
//!
//! Each check gives a sentence about what is wrong, so that a broken program can be shown
//! to fail it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::forms::{CHAIN, KEY};
use crate::rotation::{Device, Layout, Rotation, GROUP, OWNER};
use crate::support;
use crate::version::{File, Version};

/// Right after a kill: every file is wholly old or wholly new, and what `current` shows is
/// one version.
pub fn nothing_is_mixed(rotation: &Rotation, device: &Device) -> Result<(), String> {
    let seen = Version::read(&device.set());
    let names: BTreeSet<&String> = seen.files.keys().collect();
    let known = rotation.old.files.keys().chain(rotation.new.files.keys());
    for name in names.into_iter().chain(known) {
        let found = seen.files.get(name);
        let (old, new) = (rotation.old.files.get(name), rotation.new.files.get(name));
        if found != old && found != new {
            return Err(format!("{name} is neither old nor new: {}", short(found)));
        }
    }
    pair_belongs_together(rotation, &seen)?;
    let current = device.set().join(".keyferry/current");
    if fs::symlink_metadata(&current).is_ok() {
        live_version(rotation, &current)?;
    }
    Ok(())
}

/// Key and certificate are of one version. Where files are switched one by one, the key of the
/// new one may be there first.
fn pair_belongs_together(rotation: &Rotation, seen: &Version) -> Result<(), String> {
    let is_new = |name| seen.files.get(name) == rotation.new.files.get(name);
    let (key, chain) = (is_new(KEY), is_new(CHAIN));
    match rotation.layout {
        Layout::Linked if key != chain => Err("another certificate's key".to_owned()),
        Layout::Plain if chain && !key => Err("a certificate before its key".to_owned()),
        _ => Ok(()),
    }
}

/// After a run without a network: one whole version, its hook has run, no left-over below
/// the set's directory but what came of the next version. Gives the version's name.
pub fn is_healed_offline(rotation: &Rotation, device: &Device) -> Result<&'static str, String> {
    let live = live_version(rotation, &device.set())?;
    // Before the old version went, room for the new generation may have been made.
    let previous = if live == "old" {
        &[true, false][..]
    } else {
        &[true]
    };
    is_whole(rotation, device, live, previous)?;
    Ok(live)
}

/// How many bytes of the image that is coming the next run need not fetch.
pub fn durable(device: &Device) -> u64 {
    let Some(part) = part(device) else { return 0 };
    let came = fs::metadata(&part).unwrap().len();
    let Ok(record) = fs::read(part.with_extension("json")) else {
        return 0;
    };
    let record: Value = serde_json::from_slice(&record).unwrap();
    let durable = record["durable"].as_u64().unwrap();
    if came >= durable {
        durable
    } else {
        0
    }
}

/// The file in which the image comes.
pub fn part(device: &Device) -> Option<PathBuf> {
    let hold = device.set().join(".keyferry");
    let mut names = listing(&hold).into_iter();
    let part = names.find(|name| name.starts_with("partial-") && !name.contains('.'));
    part.map(|name| hold.join(name))
}

/// After a run that had everything: the new version, its hook has run, no left-over
/// anywhere.
pub fn is_healed(rotation: &Rotation, device: &Device) -> Result<(), String> {
    is_whole(rotation, device, "new", &[true])?;
    has_no_leftover(rotation, device)
}

/// The same after a first delivery: nothing was there before.
pub fn is_delivered(rotation: &Rotation, device: &Device) -> Result<(), String> {
    is_whole(rotation, device, "new", &[false])?;
    has_no_leftover(rotation, device)
}

/// This version is live, its hook has run, nothing else is below the set's directory but, if
/// `previous` allows, the generation before.
fn is_whole(
    rotation: &Rotation,
    device: &Device,
    wanted: &str,
    previous: &[bool],
) -> Result<(), String> {
    let live = live_version(rotation, &device.set())?;
    if live != wanted {
        return Err(format!("the {live} version is live"));
    }
    hook_has_run(rotation, device)?;
    access_is_right(rotation, device)?;
    let mut found = listing(&device.set());
    if live == "old" && durable(device) > 0 {
        found.retain(|name| !name.starts_with(".keyferry/partial-"));
    }
    let mut expected = previous
        .iter()
        .map(|previous| expected_listing(rotation, live, *previous));
    if !expected.any(|expected| expected == found) {
        return Err(format!("{found:#?} is not what is expected of {live}"));
    }
    Ok(())
}

fn has_no_leftover(rotation: &Rotation, device: &Device) -> Result<(), String> {
    let run = listing(&device.top.join("run"));
    let run: Vec<&String> = run
        .iter()
        .filter(|name| !name.starts_with("sets/"))
        .collect();
    let tokens = run.iter().filter(|name| name.starts_with("token-")).count();
    // Of each audience one.
    let audiences = if rotation.account().is_some() { 2 } else { 1 };
    if run.len() != 3 + audiences || tokens != audiences {
        return Err(format!("left-overs in the runtime directory: {run:?}"));
    }
    let top = listing(&device.top);
    if let Some(left) = top.iter().find(|name| name.starts_with(".keyferry.")) {
        return Err(format!("a directory that was never finished: {left}"));
    }
    let state = listing(&device.top.join("state"));
    if state != BTreeSet::from(["state.json".to_owned()]) {
        return Err(format!("left-overs in the state directory: {state:?}"));
    }
    Ok(())
}

/// Which version readers see.
pub fn live(rotation: &Rotation, device: &Device) -> Result<&'static str, String> {
    live_version(rotation, &device.set())
}

/// Which version lies in `directory`, nothing of the other beside it.
fn live_version(rotation: &Rotation, directory: &Path) -> Result<&'static str, String> {
    let seen = Version::read(directory);
    rotation.which(&seen).ok_or_else(|| {
        let files = seen.files.iter();
        let files: Vec<String> = files
            .map(|(name, file)| format!("{name}: {}", short(Some(file))))
            .collect();
        format!("{} is no one version: {files:#?}", directory.display())
    })
}

/// The last run of the hook saw what is live, and none saw anything but a whole version.
pub fn hook_has_run(rotation: &Rotation, device: &Device) -> Result<(), String> {
    let live = Version::read(&device.set()).contents();
    let hooks = device.hooks();
    match hooks.last() {
        Some(last) if *last == live => {}
        _ => return Err("the hook has not run for what is live".to_owned()),
    }
    let versions = [&rotation.before, &rotation.old, &rotation.new];
    let whole = versions.map(Version::contents);
    match hooks.iter().find(|seen| !whole.contains(seen)) {
        Some(strange) => Err(format!("a hook saw a mix: {strange:?}")),
        None => Ok(()),
    }
}

/// Files belong to the set's owner, directories to us, both to its group.
fn access_is_right(rotation: &Rotation, device: &Device) -> Result<(), String> {
    let (set, hold) = (device.set(), device.set().join(".keyferry"));
    let mut wanted = vec![
        (set.clone(), format!("40750 0:{GROUP}")),
        (hold.clone(), format!("40750 0:{GROUP}")),
    ];
    if rotation.layout == Layout::Linked {
        let generation = fs::canonicalize(hold.join("current")).unwrap();
        wanted.push((generation, format!("40750 0:{GROUP}")));
    }
    for (name, file) in Version::read(&set).files {
        let path = fs::canonicalize(set.join(name)).unwrap();
        wanted.push((path, format!("100{:o} {OWNER}:{GROUP}", file.mode)));
    }
    for (path, wanted) in wanted {
        let found = support::access(&path);
        if found != wanted {
            return Err(format!("{} is {found}, not {wanted}", path.display()));
        }
    }
    Ok(())
}

fn expected_listing(rotation: &Rotation, live: &str, previous: bool) -> BTreeSet<String> {
    let (version, before) = match live {
        "new" => (&rotation.new, &rotation.old),
        _ => (&rotation.old, &rotation.old),
    };
    let mut names: BTreeSet<String> = version.files.keys().cloned().collect();
    names.insert(".keyferry".to_owned());
    if rotation.layout == Layout::Plain {
        names.insert(".keyferry/.keyferry.json".to_owned());
        return names;
    }
    names.insert(".keyferry/current".to_owned());
    let mut add = |generation: &str, version: &Version| {
        names.insert(format!(".keyferry/{generation}"));
        names.insert(format!(".keyferry/{generation}/.keyferry.json"));
        for name in version.files.keys() {
            names.insert(format!(".keyferry/{generation}/{name}"));
        }
    };
    add("LIVE", version);
    if previous {
        add("PREVIOUS", before);
    }
    names
}

/// All names below `top`; generations by what they are.
fn listing(top: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let live = fs::read_link(top.join(".keyferry/current")).unwrap_or_default();
    list(top, "", &mut names);
    let rename = |name: String| {
        let mut parts: Vec<&str> = name.split('/').collect();
        if parts.len() > 1 && parts[0] == ".keyferry" && is_id(parts[1]) {
            let is_live = live.to_str() == Some(parts[1]);
            parts[1] = if is_live { "LIVE" } else { "PREVIOUS" };
        }
        parts.join("/")
    };
    names.into_iter().map(rename).collect()
}

fn list(directory: &Path, prefix: &str, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            list(&entry.path(), &format!("{name}/"), names);
        }
        names.insert(name);
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 16 && text.chars().all(|c| c.is_ascii_hexdigit())
}

fn short(file: Option<&File>) -> String {
    match file {
        None => "absent".to_owned(),
        Some(file) => {
            let beginning: String = file.content.chars().take(20).collect();
            let length = file.content.len();
            format!("{beginning}… ({length} bytes, {:o})", file.mode)
        }
    }
}
