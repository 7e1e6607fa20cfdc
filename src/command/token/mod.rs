//! `keyferry token`: signs in now and tells what came of it; spends the token if asked to.
//!
//! The token itself goes to standard output with `--raw` alone, and to a terminal never: what
//! a terminal shows stays in its scrollback, in recorded sessions and on shared screens. The
//! token cache is neither read nor written.

mod audience;
mod probe;

use std::io::{self, IsTerminal};

use crate::cli::TokenOptions;
use crate::clock;
use crate::config::Config;
use crate::error::{Class, Error};
use crate::http::Client;
use crate::identity::{self, Token};
use crate::json::Json;
use crate::report;
use crate::sync::{self, SignIn};

use audience::Audience;
use probe::Target;

/// Signs in and tells; gives the exit code.
///
/// # Errors
/// What stops the sign-in, and with `probe` what refused the token.
pub fn run(config: &Config, options: &TokenOptions, json: bool) -> Result<u8, Error> {
    if options.raw && io::stdout().is_terminal() {
        return Err(usage(
            "--raw prints no token on a terminal: read it through a pipe",
        ));
    }
    let audience = Audience::parse(options.audience.as_deref())?;
    let asked = audience.text(&config.cloud)?;
    let target = match options.probe {
        true => Some(Target::of(&audience, config, options.account.as_deref())?),
        false => None,
    };
    let credentials = identity::load_all(sync::identities(config, SignIn::Device), &config.cloud)?;
    let client = identity::client(config)?;
    let outcome = identity::first_accepted(&credentials, |credential| {
        credential.sign_in(&client, &config.cloud, &asked)
    });
    warn_of_clock(&client);
    let (position, token) = outcome?;
    if options.raw {
        return report::print_secret(token.value()).map(|()| 0);
    }
    let verdict = target.map(|target| target.ask(&client, &config.cloud, &token));
    let credential = credentials.get(position);
    let who = credential.map_or(String::new(), |credential| credential.description().text);
    let mut rows = rows(config, &asked, &who, &token);
    if let Some(verdict) = &verdict {
        rows.push(("probe", Some(told(verdict))));
    }
    print(rows, &token, json);
    verdict.map_or(Ok(0), |verdict| verdict.map(|_| 0))
}

/// How long the token is good for: `59 min`.
pub(super) fn left(token: &Token) -> String {
    let left = clock::since(clock::now(), token.expires());
    clock::age(left.unwrap_or_default())
}

/// What a person needs to know of the token; what it does not say is left out.
fn rows(
    config: &Config,
    asked: &str,
    who: &str,
    token: &Token,
) -> Vec<(&'static str, Option<String>)> {
    let claims = token.claims();
    vec![
        ("cloud", Some(config.cloud.name.clone())),
        ("authority", Some(config.cloud.authority_url())),
        ("identity", Some(who.to_owned())),
        (
            "audience",
            Some(claims.audience.unwrap_or(asked.to_owned())),
        ),
        ("tenant", claims.tenant),
        ("app", claims.app_id),
        ("user", claims.user),
        ("object id", claims.object_id),
        (
            "expires",
            Some(clock::utc(claims.expires.unwrap_or(token.expires()))),
        ),
    ]
}

fn told(verdict: &Result<String, Error>) -> String {
    match verdict {
        Ok(how) => format!("accepted: {how}"),
        Err(error) if error.class() == Class::Refused => format!("refused: {error}"),
        Err(error) => format!("failed: {error}"),
    }
}

fn print(rows: Vec<(&'static str, Option<String>)>, token: &Token, json: bool) {
    if json {
        let facts = rows.into_iter();
        let facts = facts.map(|(name, fact)| (name.replace(' ', "_"), Json::text_or_null(fact)));
        report::print(&Json::Object(facts.collect()).sorted().pretty());
        return;
    }
    for (name, fact) in rows {
        let Some(mut fact) = fact else { continue };
        if name == "expires" {
            fact = format!("{fact}, in {}", left(token));
        }
        report::print(&format!("{name:<10} {fact}\n"));
    }
}

fn warn_of_clock(client: &Client) {
    if let Some(error) = identity::wrong_clock(client) {
        log::warn!("{error}; {}", error.advice());
    }
}

fn usage(problem: impl Into<String>) -> Error {
    Error::Usage {
        problem: problem.into(),
    }
}
