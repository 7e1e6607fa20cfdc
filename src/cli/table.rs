//! The one table of commands and options: parser, help, man page and completions follow it.

/// A verb of the program.
#[derive(Debug)]
pub struct Verb {
    /// What is typed.
    pub name: &'static str,
    /// What may follow, as help shows it.
    pub arguments: &'static str,
    /// One line for help.
    pub summary: &'static str,
    /// Its options, beside those of [`COMMON`].
    pub options: &'static [Flag],
}

/// An option.
#[derive(Debug)]
pub struct Flag {
    /// Its long name, without dashes.
    pub name: &'static str,
    /// The name of its value, if it takes one.
    pub value: Option<&'static str>,
    /// One line for help.
    pub summary: &'static str,
}

/// The verbs, in the order of the help.
pub const VERBS: [Verb; 6] = [
    Verb {
        name: "sync",
        arguments: "[SET…]",
        summary: "bring the sets up to date (what the timer runs)",
        options: &[
            Flag {
                name: "offline",
                value: None,
                summary: "no network: verify, heal, finish pending hooks",
            },
            Flag {
                name: "dry-run",
                value: None,
                summary: "fetch and compare; change nothing, run nothing",
            },
            Flag {
                name: "sign-in",
                value: None,
                summary: "a person signs in for this run (identity type device_code)",
            },
            Flag {
                name: "keep-token",
                value: None,
                summary: "later runs may use that sign-in's token until it expires",
            },
            JSON,
        ],
    },
    Verb {
        name: "check",
        arguments: "",
        summary: "check the configuration and the files around it, without network",
        options: &[
            Flag {
                name: "online",
                value: None,
                summary: "and the network, layer by layer, up to each object",
            },
            Flag {
                name: "root",
                value: Some("DIR"),
                summary: "of the image in DIR: its users, paths and units",
            },
            JSON,
        ],
    },
    Verb {
        name: "status",
        arguments: "",
        summary: "how the last run ended, set by set, and the next step",
        options: &[
            Flag {
                name: "max-age",
                value: Some("AGE"),
                summary: "fail when a required set was confirmed longer ago (2d)",
            },
            JSON,
        ],
    },
    Verb {
        name: "token",
        arguments: "",
        summary: "sign in and tell for whom, where and how long the token is good",
        options: &[
            Flag {
                name: "for",
                value: Some("AUDIENCE"),
                summary: "vault, arm, graph, storage, or an audience itself (vault)",
            },
            Flag {
                name: "raw",
                value: None,
                summary: "print the token alone, for scripts; never on a terminal",
            },
            Flag {
                name: "probe",
                value: None,
                summary: "spend it on the smallest real request",
            },
            Flag {
                name: "account",
                value: Some("NAME"),
                summary: "the storage account for --probe",
            },
            JSON,
        ],
    },
    Verb {
        name: "clouds",
        arguments: "[NAME]",
        summary: "the national clouds and their hosts, or all facts of one",
        options: &[
            Flag {
                name: "accept",
                value: Some("CLOUD HOST"),
                summary: "take what the private cloud says now, if HOST is its login host",
            },
            JSON,
        ],
    },
    Verb {
        name: "purge",
        arguments: "[SET…]",
        summary: "remove delivered files and forget their sets",
        options: &[
            Flag {
                name: "all",
                value: None,
                summary: "every set, then all state of the instance",
            },
            Flag {
                name: "dry-run",
                value: None,
                summary: "tell what would go; change nothing",
            },
        ],
    },
];

/// Verbs that later releases bring; refused by that name today.
pub const LATER_VERBS: [&str; 1] = ["rollback"];

/// Options of every verb.
pub const COMMON: [Flag; 5] = [
    Flag {
        name: "config",
        value: Some("PATH"),
        summary: "file, or directory with config.json and conf.d (/etc/keyferry)",
    },
    Flag {
        name: "instance",
        value: Some("NAME"),
        summary: "the instance NAME below /etc/keyferry/instances",
    },
    Flag {
        name: "log",
        value: Some("LEVEL"),
        summary: "error, warn, info or debug (the config's log, or info)",
    },
    Flag {
        name: "help",
        value: None,
        summary: "this help",
    },
    Flag {
        name: "version",
        value: None,
        summary: "the version",
    },
];

const JSON: Flag = Flag {
    name: "json",
    value: None,
    summary: "print JSON",
};

/// The help text, from the table.
pub fn help() -> String {
    let mut text = format!(
        "keyferry {} carries secrets from Azure Key Vault into protected files\n",
        version()
    );
    text.push_str("\nUsage: keyferry COMMAND [OPTION…]\n\nCommands:\n");
    for verb in &VERBS {
        let typed = format!("{} {}", verb.name, verb.arguments);
        text.push_str(&format!("  {:<22}{}\n", typed.trim_end(), verb.summary));
        for flag in verb.options {
            text.push_str(&line(4, flag));
        }
    }
    text.push_str("\nEvery command:\n");
    for flag in &COMMON {
        text.push_str(&line(2, flag));
    }
    text.push_str("\nExit codes: 0 current, 75 not refreshed but good, 69 unreachable, 77 refused, 78 configuration;\nall of them in keyferry(1).\n");
    text
}

/// The version of this build.
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

fn line(indent: usize, flag: &Flag) -> String {
    let typed = match flag.value {
        Some(value) => format!("--{} {value}", flag.name),
        None => format!("--{}", flag.name),
    };
    let width = 22_usize.saturating_sub(indent).saturating_add(2);
    format!("{:indent$}{typed:<width$}{}\n", "", flag.summary)
}
