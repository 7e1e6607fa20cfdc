//! Selections over time: objects that come and go, runs without network, other layouts.

use serde_json::json;

use crate::select::{are_delivered, by_prefix, files, put, site, value_of};

#[test]
fn objects_that_disappear_follow_if_missing_after_two_runs() {
    for layout in ["linked", "plain"] {
        for (if_missing, code, left) in [
            ("fail", 66, &["line3-a", "line3-b", "line3-c"][..]),
            ("keep", 0, &["line3-a", "line3-b", "line3-c", "line3-d"]),
            ("skip", 0, &["line3-a", "line3-d"]),
        ] {
            let mut sets = by_prefix("line3-");
            sets["line3"]["layout"] = json!(layout);
            sets["line3"]["files"]["${name}.txt"]["if_missing"] = json!(if_missing);
            let site = site(&sets);
            let all = ["line3-a", "line3-b", "line3-c"];
            all.iter().for_each(|name| put(&site, name));
            site.keyferry(&["sync"]).exits(0);
            site.vault.delete("line3-b");
            site.vault.delete("line3-c");
            put(&site, "line3-d");
            site.keyferry(&["sync"])
                .exits(75)
                .says("once is not enough to believe it");
            are_delivered(&site, &all);
            let run = site.keyferry(&["sync"]).exits(code);
            let run = run.says("has no secret line3-b (not listed any more)");
            if code == 0 {
                run.says("has no secret line3-c (not listed any more)");
            }
            are_delivered(&site, left);
            // What is kept stays kept, what is gone stays gone.
            site.keyferry(&["sync"]).exits(code);
            are_delivered(&site, left);
            site.vault.recover("line3-b");
            site.vault.recover("line3-c");
            site.keyferry(&["sync"]).exits(0);
            are_delivered(&site, &["line3-a", "line3-b", "line3-c", "line3-d"]);
        }
    }
}

#[test]
fn what_is_kept_though_it_disappeared_must_be_whole() {
    let mut sets = by_prefix("line3-");
    sets["line3"]["files"]["${name}.txt"]["if_missing"] = json!("keep");
    let site = site(&sets);
    put(&site, "line3-a");
    put(&site, "line3-b");
    site.keyferry(&["sync"]).exits(0);
    site.vault.delete("line3-b");
    site.keyferry(&["sync"]).exits(75);
    site.keyferry(&["sync"]).exits(0);
    site.damage("line3", "line3-b.txt");
    site.keyferry(&["sync"])
        .exits(66)
        .says("has no secret line3-b (not listed any more)");
}

#[test]
fn a_selection_that_shrinks_to_nothing_is_refused_unless_it_may() {
    let mut sets = by_prefix("line3-");
    sets["line3"]["files"]["${name}.txt"]["if_missing"] = json!("skip");
    let site = site(&sets);
    put(&site, "line3-a");
    site.keyferry(&["sync"]).exits(0);
    site.vault.delete("line3-a");
    for _ in 0..3 {
        site.keyferry(&["sync"]).exits(65).says("selects nothing");
        are_delivered(&site, &["line3-a"]);
    }
    sets["line3"]["files"]["${name}.txt"]["select"]["allow_empty"] = json!(true);
    site.configure(&site.config(sets));
    site.keyferry(&["sync"]).exits(75);
    site.keyferry(&["sync"]).exits(0);
    are_delivered(&site, &[]);
    site.keyferry(&["sync"]).exits(0);
    put(&site, "line3-z");
    site.keyferry(&["sync"]).exits(0);
    are_delivered(&site, &["line3-z"]);
}

#[test]
fn selected_files_are_kept_offline_and_come_back_from_the_version_before() {
    for layout in ["linked", "plain"] {
        let mut sets = by_prefix("line3-");
        sets["line3"]["layout"] = json!(layout);
        sets["line3"]["files"]["fixed"] = json!({"secret": "other"});
        let site = site(&sets);
        for name in ["line3-a", "line3-b", "other"] {
            put(&site, name);
        }
        site.keyferry(&["sync"]).exits(0);
        site.cloud.reset_log();
        site.keyferry(&["sync", "--offline"]).exits(0);
        assert_eq!(site.cloud.connections(), 0);
        assert_eq!(files(&site, "line3").len(), 3);
        // A mode that drifted is put right without a network.
        let file = std::fs::canonicalize(site.set("line3").join("line3-a.txt")).unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o444);
        std::fs::set_permissions(file, open).unwrap();
        site.keyferry(&["sync", "--offline"])
            .exits(0)
            .says("line3-a.txt had been changed; put right");
        if layout == "plain" {
            continue;
        }
        put(&site, "line3-c");
        site.keyferry(&["sync"]).exits(0);
        site.damage("line3", "line3-b.txt");
        site.keyferry(&["sync", "--offline"]).exits(0);
        let back = files(&site, "line3");
        assert_eq!(back.len(), 3, "the version before is whole: {back:?}");
        assert_eq!(back["line3-b.txt"], value_of("line3-b"));
        site.keyferry(&["sync"]).exits(0);
        assert_eq!(files(&site, "line3").len(), 4);
        site.assert_well_behaved();
    }
}

#[test]
fn a_dry_run_lists_and_says_what_would_come() {
    let site = site(&by_prefix("line3-"));
    put(&site, "line3-a");
    let run = site.keyferry(&["sync", "--dry-run"]).exits(0);
    run.says("line3-a.txt  - →")
        .says("would switch, 1 file changed");
    assert!(!site.set("line3").exists());
    site.keyferry(&["sync"]).exits(0);
    site.vault.delete("line3-a");
    put(&site, "line3-b");
    site.keyferry(&["sync", "--dry-run"]).exits(75);
    are_delivered(&site, &["line3-a"]);
}
