//! The `keyferry` program: words in, one verb, an exit code out.

use std::process::ExitCode;

use ::log::LevelFilter;
use keyferry::cli::{self, Command, Invocation};
use keyferry::command;
use keyferry::config::Config;
use keyferry::error::{Class, Error};
use keyferry::report::Voice;
use keyferry::sync::Options;
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
        Command::Check => return command::check::run(invocation),
        Command::Clouds => return Ok(command::clouds::run(json)),
        Command::Help => {
            report::print(&cli::help());
            return Ok(0);
        }
        Command::Status { max_age } => {
            let config = load(invocation)?;
            return command::status::run(&config, json, *max_age).map_err(|error| vec![error]);
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
    let config = load(invocation)?;
    command::sync::run(
        &config,
        &Options {
            only: sets,
            mode,
            sign_in,
            voice: Voice::new(json),
        },
        json,
    )
    .map_err(|error| vec![error])
}

/// Reads the configuration, which says how much is logged unless the command line does.
fn load(invocation: &Invocation) -> Result<Config, Vec<Error>> {
    let config = Config::load(&invocation.config)?;
    log::init(invocation.log.unwrap_or(config.log));
    for warning in &config.warnings {
        ::log::warn!("{warning}");
    }
    Ok(config)
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
