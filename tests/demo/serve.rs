//! `--serve`: the cloud stays up, a person plays by hand.

use std::io::{self, BufRead, Write};

use cloud::{Denial, Scope};

use crate::scene::{Scene, VAULT};
use crate::stage::bold;

/// Says what can be typed where, and obeys words until the end of input.
pub fn serve(scene: &mut Scene) -> io::Result<()> {
    let program = scene.program.path().display().to_string();
    let config = scene.config().display().to_string();
    println!("{}", bold("The cloud is up. In another terminal:"));
    for words in [
        "check",
        "sync",
        "status",
        "sync --dry-run",
        "sync --offline",
    ] {
        println!("   {program} {words} --config {config}");
    }
    println!("   ls -lR {}", scene.sets().display());
    println!("\n{}", bold("Here, one word a line:"));
    for (word, _, what) in CONTROLS {
        println!("   {word:<8} {what}");
    }
    println!(
        "   Ctrl-D   end; the device's files stay: rm -r {}",
        scene.top().display()
    );
    prompt()?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let word = line.trim();
        match CONTROLS.iter().find(|(known, ..)| *known == word) {
            Some((_, control, what)) => {
                control(scene)?;
                println!("   done: {what}");
            }
            None if word.is_empty() => {}
            None => println!("   {word:?} is none of these words"),
        }
        prompt()?;
    }
    println!();
    Ok(())
}

fn prompt() -> io::Result<()> {
    print!("> ");
    io::stdout().flush()
}

type Control = fn(&mut Scene) -> io::Result<()>;

const CONTROLS: [(&str, Control, &str); 6] = [
    (
        "rotate",
        rotate,
        "the certificate of mqtt is renewed in the vault",
    ),
    ("cut", cut, "nothing answers at the cloud's addresses"),
    ("mend", mend, "the network is back"),
    ("deny", deny, "the device has no role on the vault"),
    ("allow", allow, "it has it again"),
    (
        "log",
        log,
        "shows what the cloud was asked since the last time",
    ),
];

fn rotate(scene: &mut Scene) -> io::Result<()> {
    scene.rotate();
    Ok(())
}

fn cut(scene: &mut Scene) -> io::Result<()> {
    scene.cable.pull();
    Ok(())
}

fn mend(scene: &mut Scene) -> io::Result<()> {
    scene.cable.put_in()
}

fn deny(scene: &mut Scene) -> io::Result<()> {
    scene.cloud.vault(VAULT).deny(Denial::Rbac, Scope::Vault);
    Ok(())
}

fn allow(scene: &mut Scene) -> io::Result<()> {
    scene.vault.allow_all();
    Ok(())
}

fn log(scene: &mut Scene) -> io::Result<()> {
    for request in scene.cloud.requests() {
        println!(
            "   {} {} https://{}{}",
            request.status, request.method, request.host, request.path
        );
    }
    scene.cloud.reset_log();
    Ok(())
}
