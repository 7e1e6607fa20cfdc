//! The completion for zsh.

use keyferry::cli::{Flag, Verb, COMMON, VERBS};

use super::{argument, fill, value, Value, MADE, ORPHANED, SETS};

pub(super) fn completion() -> String {
    let verbs = VERBS.iter();
    let verbs = verbs.map(|verb| {
        format!(
            "            {}\n",
            quoted(&described(verb.name, verb.summary))
        )
    });
    fill(
        TEMPLATE,
        &[
            ("MADE", MADE.to_owned()),
            ("SETS", SETS.to_owned()),
            ("ORPHANED", ORPHANED.to_owned()),
            ("VERBS", verbs.collect()),
            (
                "COMMON",
                COMMON.iter().map(|flag| option(flag, 8)).collect(),
            ),
            ("ARGUMENTS", VERBS.iter().map(arguments).collect()),
        ],
    )
}

fn arguments(verb: &Verb) -> String {
    let options: String = verb.options.iter().map(|flag| option(flag, 20)).collect();
    let of_verb = argument(verb).map(|value| {
        let many = if verb.arguments.contains('…') {
            "*"
        } else {
            "1"
        };
        let name = verb.arguments.trim_matches(['[', ']', '…']).to_lowercase();
        let spec = quoted(&format!("{many}:{name}:{}", action(&value)));
        format!("                    {spec}\n")
    });
    let of_verb = of_verb.unwrap_or_default();
    format!("                {})\n                arguments+=(\n{options}{of_verb}                )\n                ;;\n", verb.name)
}

/// `'--log=[text]:level:(error warn)'`; of more values than one each gets its place.
fn option(flag: &Flag, indent: usize) -> String {
    let text = escaped(flag.summary);
    let spec = match flag.value {
        None => format!("--{}[{text}]", flag.name),
        Some(names) => {
            let mut names = names.split(' ').map(str::to_lowercase);
            let first = names.next().unwrap();
            let rest: String = names.map(|name| format!(":{name}: ")).collect();
            let equals = if rest.is_empty() { "=" } else { "" };
            format!(
                "--{}{equals}[{text}]:{first}:{}{rest}",
                flag.name,
                action(&value(flag))
            )
        }
    };
    format!("{:indent$}{}\n", "", quoted(&spec))
}

fn action(value: &Value) -> String {
    match value {
        Value::Delivered => "_keyferry_delivered".to_owned(),
        Value::Directory => "_files -/".to_owned(),
        Value::File => "_files".to_owned(),
        Value::Free => " ".to_owned(),
        Value::Instance => "_keyferry_instances".to_owned(),
        Value::Set => "_keyferry_sets".to_owned(),
        Value::Words(words) => format!("({})", words.join(" ")),
    }
}

/// `name:text` for _describe.
fn described(name: &str, text: &str) -> String {
    format!("{name}:{}", text.replace(':', "\\:"))
}

fn escaped(text: &str) -> String {
    text.replace('[', "\\[")
        .replace(']', "\\]")
        .replace(':', "\\:")
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

const TEMPLATE: &str = r#"#compdef keyferry
# Completion of keyferry(1) for zsh.
@MADE@
_keyferry() {
    local curcontext=$curcontext program=$words[1] state line
    local -a common arguments verbs
    local -A opt_args place
    common=(
@COMMON@    )
    _arguments -C $common '1:command:->command' '*::argument:->argument' && return
    place=("${(@kv)opt_args}")
    case $state in
        command)
            verbs=(
@VERBS@            )
            _describe -t commands command verbs
            ;;
        argument)
            curcontext=${curcontext%:*}-$words[1]:
            arguments=($common)
            case $words[1] in
@ARGUMENTS@            esac
            _arguments $arguments
            ;;
    esac
}

_keyferry_instances() {
    local -a instances=(/etc/keyferry/instances/*(N-/:t))
    compadd -a instances
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
    local -a options sets
    local option value
    for option in --config --instance; do
        value=${opt_args[$option]:-$place[$option]}
        [[ -z $value ]] || options+=($option ${(Q)value})
    done
    sets=(${(f)"$(_call_program sets ${(q)program} status --json ${(q)options} </dev/null 2>/dev/null |
        sed -n $1)"})
    sets=(${sets:|line})
    compadd -a sets
}

_keyferry "$@"
"#;
