//! The completion for fish.

use keyferry::cli::{Flag, Verb, COMMON, VERBS};

use super::{argument, fill, value, with_value, Value, MADE, ORPHANED, SETS};

pub(super) fn completion() -> String {
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
            ("VALUED", valued.join(" ")),
            (
                "COMMON",
                COMMON.iter().map(|flag| option(flag, None)).collect(),
            ),
            ("VERBS", VERBS.iter().map(verb).collect()),
        ],
    )
}

fn verb(verb: &Verb) -> String {
    let text = quoted(verb.summary);
    let mut made = format!(
        "\ncomplete -c keyferry -n 'not __keyferry_verb' -a {} -d {text}\n",
        verb.name
    );
    if let Some(offered) = argument(verb).and_then(|value| offer(&value)) {
        made.push_str(&format!(
            "complete -c keyferry -n '__keyferry_is {}' {offered}\n",
            verb.name
        ));
    }
    let options = verb.options.iter().map(|flag| option(flag, Some(verb)));
    made.extend(options);
    made
}

fn option(flag: &Flag, verb: Option<&Verb>) -> String {
    let condition = verb.map(|verb| format!(" -n '__keyferry_is {}'", verb.name));
    let takes = match (flag.value, flag.value.and_then(|_| offer(&value(flag)))) {
        (None, _) => String::new(),
        (Some(_), None) => " -x".to_owned(),
        (Some(_), Some(offered)) if offered == FILES => format!(" -r {FILES}"),
        (Some(_), Some(offered)) => format!(" -x {offered}"),
    };
    let condition = condition.unwrap_or_default();
    format!(
        "complete -c keyferry{condition} -l {}{takes} -d {}\n",
        flag.name,
        quoted(flag.summary)
    )
}

fn offer(value: &Value) -> Option<String> {
    match value {
        Value::Delivered => Some("-a '(__keyferry_delivered)'".to_owned()),
        Value::Directory => Some("-a '(__fish_complete_directories)'".to_owned()),
        Value::File => Some(FILES.to_owned()),
        Value::Free => None,
        Value::Instance => Some("-a '(__keyferry_instances)'".to_owned()),
        Value::Set => Some("-a '(__keyferry_sets)'".to_owned()),
        Value::Words(words) => Some(format!("-a '{}'", words.join(" "))),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Switches the names of files on again.
const FILES: &str = "-F";
const TEMPLATE: &str = r#"# Completion of keyferry(1) for fish.
@MADE@
# The verb that is typed; fails where there is none yet.
function __keyferry_verb
    set -l words (commandline -opc)
    set -e words[1]
    set -l is_value 0
    for word in $words
        if test $is_value = 1
            set is_value 0
            continue
        end
        switch $word
            case @VALUED@
                set is_value 1
            case '-*'
            case '*'
                echo $word
                return 0
        end
    end
    return 1
end

function __keyferry_is
    set -l verb (__keyferry_verb)
    and test $verb = $argv[1]
end

function __keyferry_instances
    for directory in /etc/keyferry/instances/*/
        basename $directory
    end
end

function __keyferry_sets
    __keyferry_status '@SETS@'
end

function __keyferry_delivered
    __keyferry_status '@SETS@
        @ORPHANED@'
end

# What sed finds in the status of the last run, as the configuration that is typed so far says.
function __keyferry_status
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l place
    set -l option ''
    for word in $words
        if test -n "$option"
            set -a place $option $word
            set option ''
            continue
        end
        switch $word
            case --config --instance
                set option $word
            case '--config=*' '--instance=*'
                set -a place $word
        end
    end
    command -q $program
    or return
    set -l sets ($program status --json $place </dev/null 2>/dev/null | sed -n $argv[1])
    for name in $sets
        contains -- $name $words
        or echo $name
    end
end

complete -c keyferry -f
@COMMON@@VERBS@"#;
