//! The story in six acts. Each shows what the program prints and checks what it did.

use std::io;

use cloud::{Denial, Scope};

use crate::look;
use crate::scene::{Scene, IMAGE, VAULT};
use crate::stage::{bold, Stage};

/// Plays all acts.
pub fn play(scene: &mut Scene, stage: &mut Stage) -> io::Result<()> {
    println!(
        "{}",
        bold("keyferry: Key Vault secrets into protected files")
    );
    println!("cloud    Azure US Government, played on loopback over real TLS");
    println!("vault    {}", scene.cloud.vault_host(VAULT));
    println!("device   gw-0042, which signs in with its certificate");
    println!("files    {}", scene.top().display());
    first_sync(scene, stage)?;
    unchanged(scene, stage)?;
    rotation(scene, stage)?;
    network_cut(scene, stage)?;
    refusal(scene, stage)?;
    firmware(scene, stage)?;
    stage.claim(
        scene.cloud.unexpected().is_empty(),
        "in all acts the cloud saw no request that a well-behaved client does not make",
    );
    where_everything_lies(scene);
    Ok(())
}

fn first_sync(scene: &Scene, stage: &mut Stage) -> io::Result<()> {
    stage.act(
        "The first sync",
        "mqtt wants a certificate with its chain, the key, and an env file; wifi a passphrase.",
    );
    let run = scene.keyferry(&["sync"])?;
    stage.show("keyferry sync", &run);
    let status = scene.status()?;
    look::table(&scene.sets(), &status)?;
    stage.claim(run.code == 0, "all sets are current");
    stage.claim(
        look::traffic(&status) == (2, 5) && scene.cloud.connections() == 2,
        "2 connections, 5 requests: one to sign in, one for each of four objects",
    );
    stage.claim(
        scene.is_paired()?,
        "chain and key, in PEM, are those of the certificate in the vault",
    );
    stage.claim(
        scene.sourced("MQTT_PASSWORD")? == scene.password,
        "`sh` reads the password from mqtt.env as it is, with its quotes and its dollar",
    );
    stage.claim(
        scene.reloads() == [scene.live()?],
        "the hook of mqtt ran once, after all of its files were there",
    );
    Ok(())
}

fn unchanged(scene: &Scene, stage: &mut Stage) -> io::Result<()> {
    stage.act(
        "Nothing has changed",
        "This is what the timer meets nearly every time: flash must not wear, services not blink.",
    );
    let before = look::fingerprint(&scene.sets())?;
    let hooks = scene.reloads().len();
    let run = scene.keyferry(&["sync"])?;
    stage.show("keyferry sync", &run);
    stage.claim(
        run.code == 0 && look::fingerprint(&scene.sets())? == before,
        "no file, link or directory was written: inodes and times are the same",
    );
    stage.claim(
        look::traffic(&scene.status()?) == (1, 4),
        "1 connection, 4 requests: the token of the first sync was still good",
    );
    stage.claim(scene.reloads().len() == hooks, "no hook ran");
    Ok(())
}

fn rotation(scene: &mut Scene, stage: &mut Stage) -> io::Result<()> {
    stage.act(
        "The certificate is renewed",
        "Chain and key belong together: nobody may ever see the one new and the other old.",
    );
    let before = scene.live()?;
    let hooks = scene.reloads().len();
    scene.rotate();
    let run = scene.keyferry(&["sync"])?;
    stage.show("keyferry sync", &run);
    look::table(&scene.sets(), &scene.status()?)?;
    let after = scene.live()?;
    println!(
        "mqtt/.keyferry/current: {} → {}",
        before.display(),
        after.display()
    );
    stage.claim(
        run.code == 0 && after != before && scene.is_paired()?,
        "both changed in one step: the rename of one link, `current`",
    );
    let reloads = scene.reloads();
    stage.claim(
        reloads.len() == hooks + 1 && reloads.last() == Some(&after),
        "the hook ran once, and found the new pair",
    );
    Ok(())
}

fn network_cut(scene: &mut Scene, stage: &mut Stage) -> io::Result<()> {
    stage.act(
        "The network is cut",
        "A device in the field must go on with what it has. The program tries four times.",
    );
    let before = look::fingerprint(&scene.sets())?;
    scene.cable.pull();
    let run = scene.keyferry(&["sync"])?;
    stage.show("keyferry sync", &run);
    let status = scene.keyferry(&["status"])?;
    stage.show("keyferry status", &status);
    stage.claim(
        run.code == 75,
        "exit 75: not refreshed, the files are young enough to be good",
    );
    stage.claim(
        look::fingerprint(&scene.sets())? == before,
        "every file stays as it was",
    );
    scene.cable.put_in()
}

fn refusal(scene: &mut Scene, stage: &mut Stage) -> io::Result<()> {
    stage.act(
        "The vault refuses",
        "Somebody took the role for one secret away. The block goes into a ticket as it stands.",
    );
    let hooks = scene.reloads().len();
    scene.rotate();
    scene
        .vault
        .deny(Denial::Rbac, Scope::Name("wifi-passphrase".to_owned()));
    let run = scene.keyferry(&["sync"])?;
    stage.show("keyferry sync", &run);
    scene.vault.allow_all();
    stage.claim(
        run.code == 77,
        "exit 77: refused, told at once, since waiting cures nothing",
    );
    let status = scene.status()?;
    stage.claim(
        look::state(&status, "wifi") == "refused (role)"
            && scene.sets().join("wifi/passphrase").is_file(),
        "wifi keeps its last good file",
    );
    stage.claim(
        look::state(&status, "mqtt") == "current" && scene.reloads().len() == hooks + 1,
        "mqtt went on and has the next pair",
    );
    Ok(())
}

fn firmware(scene: &Scene, stage: &mut Stage) -> io::Result<()> {
    stage.act(
        "A firmware image, over a bad line",
        "A set is added: one file of 8 MB from Blob Storage. The connection breaks halfway.",
    );
    scene.add_firmware()?;
    scene.cut_firmware_once();
    let run = scene.keyferry(&["sync"])?;
    stage.show("keyferry sync", &run);
    let received = look::received(&scene.status()?);
    stage.claim(
        run.code == 0 && scene.has_firmware()? && (IMAGE..IMAGE / 100 * 101).contains(&received),
        "it came once, although in two halves: the second request asked for the rest",
    );
    println!();
    let run = scene.keyferry(&["sync"])?;
    stage.show("keyferry sync", &run);
    let received = look::received(&scene.status()?);
    stage.claim(
        run.code == 0 && received < IMAGE / 100,
        "unchanged, it costs one request and none of its bytes",
    );
    Ok(())
}

fn where_everything_lies(scene: &Scene) {
    println!("\n{}", bold("Where everything lies"));
    let places = [
        ("etc/", "configuration, device certificate, the cloud's CA"),
        ("run/sets/", "the files, one directory a set"),
        (
            "firmware/",
            "the set that has a directory of its own, on disk",
        ),
        (
            "run/",
            "token cache, lock, status.json: a tmpfs on a device",
        ),
        (
            "state/",
            "what outlives a boot: when each set was last confirmed",
        ),
    ];
    for (name, what) in places {
        println!("{name:<12} {what}");
    }
    println!("below {}", scene.top().display());
    let next = if scene.is_kept() {
        "(it stays)"
    } else {
        "(removed at the end; `-- --keep` leaves it, `-- --serve` lets you play by hand)"
    };
    println!("{next}");
}
