//! The `keyferry` program: words in, one verb, an exit code out.

use std::process::ExitCode;

use ::log::LevelFilter;
use keyferry::cli::{self, Command, Invocation};
use keyferry::command::{self, load, load::Loaded};
use keyferry::discovery::Keep;
use keyferry::error::{Class, Error};
use keyferry::report::Voice;
use keyferry::sync::{Mode, Options};
use keyferry::{harden, log, report};

fn main() -> ExitCode {
    let outcome = harden::process().and_then(|()| cli::parse(std::env::args_os().skip(1)));
    let code = match outcome {
        Ok(invocation) => run(&invocation),
        Err(error) => Err(vec![error]),
    };
    ExitCode::from(code.unwrap_or_else(|errors| told(&errors)))
}

fn run(invocation: &Invocation) -> Result<u8, Vec<Error>> {
    let json = invocation.json;
    let (sets, mode, sign_in) = match &invocation.command {
        Command::Check { online: false } => return command::check::run(invocation),
        Command::Check { online: true } => return Ok(command::doctor::run(invocation)),
        Command::AcceptCloud { cloud, login } => {
            let outline = load::outline(invocation)?;
            return command::accept::run(&outline, cloud, login).map_err(one);
        }
        Command::Clouds { name } => {
            return command::clouds::run(name.as_deref(), json).map_err(one);
        }
        Command::Help => {
            report::print(&cli::help());
            return Ok(0);
        }
        Command::Purge(options) => return command::purge::run(invocation, options).map_err(one),
        Command::Status { max_age } => {
            let outline = load::outline(invocation)?;
            let runtime = &outline.runtime_directory;
            return command::status::run(runtime, json, *max_age).map_err(one);
        }
        Command::Token(options) => {
            let loaded = load::online(invocation, Keep::Answer)?;
            let config = loaded.warned().unhindered()?;
            return command::token::run(&config, options, json).map_err(one);
        }
        Command::Version => {
            report::print(&format!("keyferry {}\n", cli::version()));
            return Ok(0);
        }
        Command::Sync {
            sets,
            mode,
            sign_in,
        } => (sets.clone(), *mode, *sign_in),
    };
    let loaded = match mode {
        Mode::DryRun => load::online(invocation, Keep::Nothing)?,
        Mode::Offline => load::offline(invocation)?,
        Mode::Online => load::online(invocation, Keep::Answer)?,
    };
    let Loaded { config, obstacle } = loaded.warned();
    command::sync::run(
        &config,
        &Options {
            only: sets,
            mode,
            sign_in,
            obstacle,
            voice: Voice::new(json),
        },
        json,
    )
    .map_err(one)
}

fn one(error: Error) -> Vec<Error> {
    vec![error]
}

/// Tells what stopped the program and gives its exit code, the gravest.
fn told(errors: &[Error]) -> u8 {
    log::init(LevelFilter::Error);
    for error in errors {
        report::failure(None, error);
    }
    let gravest = errors.iter().max_by_key(|error| error.class());
    match gravest {
        // The other run does the work; nothing is wrong with this one.
        Some(Error::Locked { .. }) => 75,
        Some(error) => error.class().exit_code(),
        None => Class::Internal.exit_code(),
    }
}
