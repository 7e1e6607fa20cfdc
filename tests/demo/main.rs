//! The demo: a device, a cloud on loopback, and the real program between them.
//!
//! `cargo run --release --example demo` tells a story in six acts and checks every claim
//! that it makes; one that does not hold makes it fail. `-- --serve` keeps the cloud up
//! instead, to play by hand; `-- --keep` leaves the device's files where they are.
//! Nothing leaves this machine, and every secret is made up anew.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    reason = "the demo plays the operator"
)]

mod acts;
mod cable;
mod look;
mod program;
mod scene;
mod serve;
mod stage;

use std::io;
use std::process::ExitCode;

use rustix::fs::Mode;

use program::Program;
use scene::Scene;
use stage::Stage;

fn main() -> ExitCode {
    let outcome = Options::parse(std::env::args().skip(1)).map(|options| run(&options));
    match outcome {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
        Err(unknown) => {
            eprintln!("demo: {unknown} is no option\nusage: demo [--keep | --serve]");
            ExitCode::from(64)
        }
    }
}

fn run(options: &Options) -> io::Result<ExitCode> {
    let program = Program::build()?;
    // What is made from here on gets the modes that are meant, whatever the caller's umask.
    rustix::process::umask(Mode::from_raw_mode(0o022));
    let mut scene = Scene::new(program)?;
    if *options == Options::Serve {
        scene.keep();
        serve::serve(&mut scene)?;
        return Ok(ExitCode::SUCCESS);
    }
    if *options == Options::Keep {
        scene.keep();
    }
    let mut stage = Stage::default();
    acts::play(&mut scene, &mut stage)?;
    Ok(stage.verdict())
}

#[derive(PartialEq, Eq)]
enum Options {
    Keep,
    Serve,
    Story,
}

impl Options {
    fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::Story;
        for word in words {
            options = match word.as_str() {
                "--keep" => Self::Keep,
                "--serve" => Self::Serve,
                _ => return Err(word),
            };
        }
        Ok(options)
    }
}
