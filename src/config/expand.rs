//! Puts the device's id into names that may hold it.

use super::json::Node;
use super::problem::Problem;
use crate::name::{foreign, Invalid, ObjectName};

/// The text of `node`, an `expected`, with `${device_id}` expanded and found good by `check`.
/// Nothing if it needs an id that could not be read.
pub(super) fn expanded(
    node: &Node<'_>,
    expected: &str,
    device_id: Option<&str>,
    check: &dyn Fn(&str) -> Result<(), Invalid>,
) -> Result<Option<String>, Problem> {
    let template = node.template(expected)?;
    if template.replace(DEVICE_ID, "").contains("${") {
        return Err(node.problem_with(
            "must not hold ${…} other than ${device_id}",
            "write ${device_id}, or the name itself",
        ));
    }
    if !template.contains(DEVICE_ID) {
        return match check(&template) {
            Ok(()) => Ok(Some(template)),
            Err(invalid) => Err(node.problem(&invalid.0)),
        };
    }
    let Some(device_id) = device_id else {
        return Ok(None);
    };
    let expanded = template.replace(DEVICE_ID, device_id);
    let outcome = match expanded.contains("${") {
        true => Err(Invalid("must not hold ${".to_owned())),
        false => check(&expanded),
    };
    match outcome {
        Ok(()) => Ok(Some(expanded)),
        Err(invalid) => {
            let shown = foreign(&expanded, 200);
            Err(node.problem_with(
                &format!("becomes \"{shown}\" on this device, but {invalid}"),
                "set \"device_id\" to letters, digits and hyphens",
            ))
        }
    }
}

/// The name of an object with `${device_id}` expanded; nothing if it needs an id that could
/// not be read.
pub(super) fn object_name(
    node: &Node<'_>,
    device_id: Option<&str>,
) -> Result<Option<ObjectName>, Problem> {
    let check = |text: &str| ObjectName::parse(text).map(drop);
    let name = expanded(node, "a name in the vault", device_id, &check)?;
    Ok(name.and_then(|name| ObjectName::parse(&name).ok()))
}

const DEVICE_ID: &str = "${device_id}";
