//! The completion for bash, which needs nothing of the package bash-completion.

use keyferry::cli::{Flag, COMMON, VERBS};

use super::{argument, fill, value, with_value, Value, MADE, ORPHANED, SETS};

pub(super) fn completion() -> String {
    let verbs: Vec<&str> = VERBS.iter().map(|verb| verb.name).collect();
    let valued: Vec<String> = with_value()
        .iter()
        .map(|flag| format!("--{}", flag.name))
        .collect();
    fill(
        TEMPLATE,
        &[
            ("MADE", MADE.to_owned()),
            ("SETS", SETS.to_owned()),
            ("ORPHANED", ORPHANED.to_owned()),
            ("VALUED", valued.join(" | ")),
            ("VALUES", values()),
            ("VERBS", verbs.join(" ")),
            ("COMMON", options(&COMMON)),
            ("OPTIONS", own_options()),
            ("ARGUMENTS", arguments()),
        ],
    )
}

fn values() -> String {
    let case = |flag: &&Flag| {
        Some(format!(
            "        --{}) {} ;;\n",
            flag.name,
            offer(&value(flag))?
        ))
    };
    with_value().iter().filter_map(case).collect()
}

fn own_options() -> String {
    let case = |verb: &keyferry::cli::Verb| {
        format!(
            "        {}) own='{}' ;;\n",
            verb.name,
            options(verb.options)
        )
    };
    VERBS.iter().map(case).collect()
}

fn arguments() -> String {
    let case = |verb: &keyferry::cli::Verb| {
        Some(format!(
            "        {}) {} ;;\n",
            verb.name,
            offer(&argument(verb)?)?
        ))
    };
    VERBS.iter().filter_map(case).collect()
}

fn offer(value: &Value) -> Option<String> {
    match value {
        Value::Delivered => Some("_keyferry_offer \"$(_keyferry_delivered)\"".to_owned()),
        Value::Directory => Some("_keyferry_paths -d".to_owned()),
        Value::File => Some("_keyferry_paths -f".to_owned()),
        Value::Free => None,
        Value::Instance => Some("_keyferry_offer \"$(_keyferry_instances)\"".to_owned()),
        Value::Set => Some("_keyferry_offer \"$(_keyferry_sets)\"".to_owned()),
        Value::Words(words) => Some(format!("_keyferry_offer '{}'", words.join(" "))),
    }
}

fn options(flags: &[Flag]) -> String {
    let names: Vec<String> = flags
        .iter()
        .map(|flag| format!("--{}", flag.name))
        .collect();
    names.join(" ")
}

const TEMPLATE: &str = r#"# Completion of keyferry(1) for bash.
@MADE@# shellcheck shell=bash

_keyferry() {
    COMPREPLY=()
    local program=$1 word=$2 before='' verb='' option='' own='' index typed
    local -a place=() taken=()
    for ((index = 1; index < COMP_CWORD; index++)); do
        typed=${COMP_WORDS[index]}
        # Between an option and its value bash makes a word of the sign itself.
        [[ $typed != = ]] || continue
        if [[ -n $option ]]; then
            case $option in --config | --instance) place+=("$option" "$typed") ;; esac
            option=
            continue
        fi
        case $typed in
        --config=* | --instance=*) place+=("$typed") ;;
        @VALUED@) option=$typed ;;
        -*) ;;
        *) if [[ -z $verb ]]; then verb=$typed; else taken+=("$typed"); fi ;;
        esac
    done
    [[ $word != = ]] || word=
    if [[ -z $option && $word == --*=* ]]; then
        option=${word%%=*} before=${word%%=*}= word=${word#*=}
    fi

    if [[ -n $option ]]; then
        case $option in
@VALUES@        esac
        return
    fi
    if [[ -z $verb ]]; then
        if [[ $word == -* ]]; then
            _keyferry_offer '@COMMON@'
        else
            _keyferry_offer '@VERBS@'
        fi
        return
    fi
    if [[ $word == -* ]]; then
        case $verb in
@OPTIONS@        esac
        _keyferry_offer "$own @COMMON@"
        return
    fi
    case $verb in
@ARGUMENTS@    esac
}

# Offers those of the words of $1 that begin as what is typed and are not taken yet.
_keyferry_offer() {
    local offered
    for offered in $1; do
        case " ${taken[*]} " in *" $offered "*) continue ;; esac
        [[ $offered != "$word"* ]] || COMPREPLY+=("$before$offered")
    done
}

_keyferry_paths() {
    local path
    while IFS= read -r path; do
        COMPREPLY+=("$before$path")
    done < <(compgen "$1" -- "$word")
    # Outside of a completion, in a test say, there is nothing to set.
    compopt -o filenames 2>/dev/null || true
}

_keyferry_instances() {
    local directory
    for directory in /etc/keyferry/instances/*/; do
        directory=${directory%/}
        [[ ! -d $directory ]] || echo "${directory##*/}"
    done
}

_keyferry_sets() {
    _keyferry_status '@SETS@'
}

_keyferry_delivered() {
    _keyferry_status '@SETS@
        @ORPHANED@'
}

# What sed finds in the status of the last run, as the configuration that is typed so far says.
_keyferry_status() {
    "$program" status --json "${place[@]}" </dev/null 2>/dev/null | sed -n "$1"
}

complete -F _keyferry keyferry
"#;
