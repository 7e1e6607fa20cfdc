//! Unchanged means unchanged: a run that finds nothing new writes nothing that lasts.

use crate::can_trace;
use crate::rotation::{Layout, Rotation};
use crate::trace::CHANGES;

#[test]
fn an_unchanged_run_changes_nothing_but_lock_and_status() {
    if !can_trace() {
        return;
    }
    let layouts = [Layout::Linked, Layout::Plain];
    let rotations = layouts.map(|layout| [Rotation::prepare(layout), Rotation::of_forms(layout)]);
    for rotation in rotations.into_iter().flatten() {
        let device = rotation.device("watched");
        let layout = rotation.layout;
        device.sync(&[]).exits(0);
        if rotation.account().is_some() {
            // What vanished is forgotten only by the run after.
            device.sync(&[]).exits(0);
        }
        for words in [&[][..], &["--offline"]] {
            let calls = format!("{CHANGES},clone,clone3,fork,vfork");
            let traced = device.traced(&device.command(words), &calls, None);
            assert!(traced.output.status.success(), "{:?}", traced.output);
            for call in traced.main.iter().chain(traced.others.iter().flatten()) {
                // A lock on a directory writes nothing.
                let Some(path) = call.changes().filter(|_| call.name != "flock") else {
                    assert!(!call.name.contains("fork"), "a child: {}", call.line);
                    assert!(!call.line.contains("O_WRONLY"), "{}", call.line);
                    assert!(!call.line.contains("O_RDWR"), "{}", call.line);
                    continue;
                };
                let run = device.top.join("run");
                let name = path.file_name().unwrap().to_str().unwrap();
                let temporary = name.starts_with(".status.json.");
                let meant = path == run
                    || path.parent() == Some(&run)
                        && (temporary || ["lock", "status.json"].contains(&name));
                assert!(meant, "{layout:?} {words:?}: {}", call.line);
            }
        }
    }
}
