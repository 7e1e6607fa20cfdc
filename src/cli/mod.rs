//! The command line: words in, one [`Invocation`] out, checked against the table.

mod table;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use log::LevelFilter;

use crate::config::{self, InstanceName, LoadRequest};
use crate::disk::Root;
use crate::error::Error;
use crate::name::{self, HostName, SetName};
use crate::sync::{Mode, SignIn};

pub use table::{help, version, Flag, Verb, COMMON, LATER_VERBS, VERBS};

/// What the operator asks for.
#[derive(Debug)]
pub struct Invocation {
    /// The verb and its own options.
    pub command: Command,
    /// Where the configuration lies, and for which instance.
    pub config: LoadRequest,
    /// The log level, if it was given.
    pub log: Option<LevelFilter>,
    /// Whether JSON is wanted.
    pub json: bool,
}

/// A verb with its options.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// `clouds --accept`
    AcceptCloud {
        /// What the operator calls the configured cloud.
        cloud: String,
        /// The login host that it shall have from now on.
        login: Box<HostName>,
    },
    /// `check`
    Check {
        /// Whether the network is asked too.
        online: bool,
    },
    /// `clouds`
    Clouds {
        /// The one whose facts are wanted; all without.
        name: Option<String>,
    },
    /// `--help`
    Help,
    /// `purge`
    Purge(PurgeOptions),
    /// `status`
    Status {
        /// Age past which a set's last confirmation is a failure.
        max_age: Option<Duration>,
    },
    /// `sync`
    Sync {
        /// The sets to bring up to date; all when empty.
        sets: Vec<SetName>,
        /// What may be touched.
        mode: Mode,
        /// Who signs in.
        sign_in: SignIn,
    },
    /// `token`
    Token(TokenOptions),
    /// `--version`
    Version,
}

/// The options of `purge`.
#[derive(Debug, PartialEq, Eq)]
pub struct PurgeOptions {
    /// The sets to remove.
    pub sets: Vec<SetName>,
    /// Whether all sets go, and the state of the instance.
    pub all: bool,
    /// Whether nothing is touched.
    pub dry_run: bool,
}

/// The options of `token`.
#[derive(Debug, PartialEq, Eq)]
pub struct TokenOptions {
    /// `vault`, `arm`, `graph`, `storage` or an audience; `vault` without.
    pub audience: Option<String>,
    /// The storage account to probe.
    pub account: Option<String>,
    /// Whether the token is spent on a small request.
    pub probe: bool,
    /// Whether the token alone is printed.
    pub raw: bool,
}

/// Everything that was typed, before the verb makes sense of it.
#[derive(Default)]
struct Typed {
    verb: Option<&'static Verb>,
    operands: Vec<String>,
    config: Option<PathBuf>,
    instance: Option<InstanceName>,
    log: Option<LevelFilter>,
    max_age: Option<Duration>,
    accept: Option<String>,
    audience: Option<String>,
    account: Option<String>,
    root: Root,
    flags: Vec<&'static str>,
}

/// Reads the words behind the program's name.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Invocation, Error> {
    let mut parser = lexopt::Parser::from_args(words);
    let mut typed = Typed::default();
    while let Some(argument) = parser.next().map_err(|error| usage(error.to_string()))? {
        match argument {
            lexopt::Arg::Short('h') => typed.flags.push("help"),
            lexopt::Arg::Short('V') => typed.flags.push("version"),
            lexopt::Arg::Short(letter) => return Err(usage(format!("unknown option -{letter}"))),
            lexopt::Arg::Long(name) => {
                let flag = find_flag(name, typed.verb)?;
                let value = match flag.value {
                    Some(_) => Some(parser.value().map_err(|error| usage(error.to_string()))?),
                    None => None,
                };
                typed.take(flag, value)?;
            }
            lexopt::Arg::Value(word) => typed.operand(word)?,
        }
    }
    typed.invocation()
}

impl Typed {
    fn take(&mut self, flag: &'static Flag, value: Option<OsString>) -> Result<(), Error> {
        let Some(value) = value else {
            self.flags.push(flag.name);
            return Ok(());
        };
        match flag.name {
            "config" => {
                self.config = Some(PathBuf::from(value));
                return Ok(());
            }
            "root" => {
                self.root = image(Path::new(&value))?;
                return Ok(());
            }
            _ => {}
        }
        let text = value
            .into_string()
            .map_err(|_| usage(format!("--{} wants plain text", flag.name)))?;
        match flag.name {
            "accept" => self.accept = Some(text),
            "account" => self.account = Some(text),
            "for" => self.audience = Some(text),
            "instance" => self.instance = Some(instance(&text)?),
            "log" => self.log = Some(level(&text)?),
            "max-age" => self.max_age = Some(age(&text)?),
            _ => {
                return Err(Error::Internal {
                    what: format!("--{} is in the table only", flag.name),
                })
            }
        }
        Ok(())
    }

    fn operand(&mut self, word: OsString) -> Result<(), Error> {
        let word = word
            .into_string()
            .map_err(|_| usage("arguments are plain text".to_owned()))?;
        if self.verb.is_some() {
            self.operands.push(word);
            return Ok(());
        }
        match VERBS.iter().find(|verb| verb.name == word) {
            Some(verb) => self.verb = Some(verb),
            None if LATER_VERBS.contains(&word.as_str()) => {
                return Err(usage(format!(
                    "{word} is known to a later version of keyferry"
                )));
            }
            None => {
                return Err(usage(unknown(
                    "command",
                    &word,
                    VERBS.iter().map(|verb| verb.name),
                )))
            }
        }
        Ok(())
    }

    fn invocation(self) -> Result<Invocation, Error> {
        let (command, json) = (self.command()?, self.has("json"));
        let mut config = LoadRequest::standard(self.instance);
        if let Some(path) = self.config {
            config.config = path;
        }
        config.root = self.root;
        Ok(Invocation {
            command,
            config,
            log: self.log,
            json,
        })
    }

    fn has(&self, name: &str) -> bool {
        self.flags.contains(&name)
    }

    fn command(&self) -> Result<Command, Error> {
        if self.has("help") {
            return Ok(Command::Help);
        }
        if self.has("version") {
            return Ok(Command::Version);
        }
        let verb = self
            .verb
            .ok_or_else(|| usage("no command is given".to_owned()))?;
        if verb.arguments.is_empty() && !self.operands.is_empty() {
            return Err(usage(format!("{} takes no arguments", verb.name)));
        }
        match verb.name {
            "check" => self.check(),
            "clouds" => self.clouds(),
            "purge" => self.purge(),
            "status" => Ok(Command::Status {
                max_age: self.max_age,
            }),
            "sync" => Ok(Command::Sync {
                sets: self.sets()?,
                mode: self.mode()?,
                sign_in: self.sign_in()?,
            }),
            "token" => self.token(),
            name => Err(Error::Internal {
                what: format!("{name} is in the table only"),
            }),
        }
    }

    fn check(&self) -> Result<Command, Error> {
        let online = self.has("online");
        if online && self.root.top().is_some() {
            let problem = "--online and --root exclude each other: an image has no network";
            return Err(usage(problem.to_owned()));
        }
        Ok(Command::Check { online })
    }

    fn purge(&self) -> Result<Command, Error> {
        let options = PurgeOptions {
            sets: self.sets()?,
            all: self.has("all"),
            dry_run: self.has("dry-run"),
        };
        if options.all && !options.sets.is_empty() {
            let problem = "--all stands for every set: no names go with it";
            return Err(usage(problem.to_owned()));
        }
        Ok(Command::Purge(options))
    }

    fn mode(&self) -> Result<Mode, Error> {
        let [offline, dry_run, sign_in] =
            ["offline", "dry-run", "sign-in"].map(|name| self.has(name));
        let excluded = |other| usage(format!("--offline and --{other} exclude each other"));
        match (offline, dry_run, sign_in) {
            (true, true, _) => Err(excluded("dry-run")),
            (true, _, true) => Err(excluded("sign-in")),
            (true, _, _) => Ok(Mode::Offline),
            (_, true, _) => Ok(Mode::DryRun),
            _ => Ok(Mode::Online),
        }
    }

    fn sign_in(&self) -> Result<SignIn, Error> {
        let keep_token = self.has("keep-token");
        match (self.has("sign-in"), keep_token) {
            (true, _) => Ok(SignIn::Person { keep_token }),
            (false, false) => Ok(SignIn::Device),
            (false, true) => Err(usage("--keep-token goes with --sign-in".to_owned())),
        }
    }

    fn clouds(&self) -> Result<Command, Error> {
        match (&self.accept, self.operands.as_slice()) {
            (None, []) => Ok(Command::Clouds { name: None }),
            (None, [name]) => Ok(Command::Clouds {
                name: Some(name.clone()),
            }),
            (None, _) => Err(usage("clouds takes one name at most".to_owned())),
            (Some(cloud), [host]) => {
                let login = HostName::parse(host)
                    .map_err(|invalid| usage(format!("the login host {invalid}")))?;
                Ok(Command::AcceptCloud {
                    cloud: cloud.clone(),
                    login: Box::new(login),
                })
            }
            (Some(_), _) => Err(usage(
                "--accept wants a cloud and its login host: --accept CLOUD HOST".to_owned(),
            )),
        }
    }

    fn token(&self) -> Result<Command, Error> {
        if self.has("raw") && (self.has("json") || self.has("probe")) {
            let problem = "--raw prints the token alone: neither --json nor --probe goes with it";
            return Err(usage(problem.to_owned()));
        }
        if self.account.is_some() && !self.has("probe") {
            return Err(usage("--account is for --probe".to_owned()));
        }
        Ok(Command::Token(TokenOptions {
            audience: self.audience.clone(),
            account: self.account.clone(),
            probe: self.has("probe"),
            raw: self.has("raw"),
        }))
    }

    fn sets(&self) -> Result<Vec<SetName>, Error> {
        let parse = |word: &String| {
            SetName::parse(word).map_err(|invalid| {
                usage(format!(
                    "set name \"{}\" {invalid}",
                    name::foreign(word, 64)
                ))
            })
        };
        self.operands.iter().map(parse).collect()
    }
}

/// The option called `name`, of `verb` or of every verb.
fn find_flag(name: &str, verb: Option<&'static Verb>) -> Result<&'static Flag, Error> {
    let own = verb.map(|verb| verb.options).unwrap_or_default();
    if let Some(flag) = own.iter().chain(&COMMON).find(|flag| flag.name == name) {
        return Ok(flag);
    }
    let owners: Vec<&str> = VERBS
        .iter()
        .filter(|verb| verb.options.iter().any(|flag| flag.name == name))
        .map(|verb| verb.name)
        .collect();
    match owners.as_slice() {
        [] => {
            let known = own.iter().chain(&COMMON).map(|flag| flag.name);
            Err(usage(unknown("option", &format!("--{name}"), known)))
        }
        _ => Err(usage(format!(
            "--{name} stands behind the command: {}",
            owners.join(", ")
        ))),
    }
}

fn unknown<'a>(what: &str, word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let bare = word.trim_start_matches('-');
    let dashes = if bare == word { "" } else { "--" };
    match config::nearest(bare, known) {
        Some(near) => format!("unknown {what} {word}; did you mean {dashes}{near}?"),
        None => format!("unknown {what} {word}"),
    }
}

fn instance(text: &str) -> Result<InstanceName, Error> {
    InstanceName::parse(text).map_err(|invalid| usage(format!("--instance {invalid}")))
}

fn image(path: &Path) -> Result<Root, Error> {
    Root::image(path).map_err(|error| usage(format!("--root {}: {error}", path.display())))
}

fn level(text: &str) -> Result<LevelFilter, Error> {
    let levels = [
        LevelFilter::Error,
        LevelFilter::Warn,
        LevelFilter::Info,
        LevelFilter::Debug,
    ];
    let level = levels
        .into_iter()
        .find(|level| level.as_str().eq_ignore_ascii_case(text));
    level.ok_or_else(|| usage("--log must be error, warn, info or debug".to_owned()))
}

fn age(text: &str) -> Result<Duration, Error> {
    let age = config::parse_duration(text);
    age.ok_or_else(|| usage("--max-age must be a duration such as 90m, 36h or 2d".to_owned()))
}

fn usage(problem: String) -> Error {
    Error::Usage { problem }
}
