# Completion of keyferry(1) for fish.
# Made from the program's table of commands by tests/papers/completions; written anew by
# UPDATE=1 cargo test --test house papers

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
            case --root --max-age --for --account --accept --config --instance --log
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
    __keyferry_status '/^  "sets": \[/,/^  \]/s/^      "name": "\([0-9A-Za-z][0-9A-Za-z._-]*\)",*$/\1/p'
end

function __keyferry_delivered
    __keyferry_status '/^  "sets": \[/,/^  \]/s/^      "name": "\([0-9A-Za-z][0-9A-Za-z._-]*\)",*$/\1/p
        /^  "orphaned": \[/,/^  \]/s/^      "set": "\([0-9A-Za-z][0-9A-Za-z._-]*\)",*$/\1/p'
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
complete -c keyferry -l config -r -F -d 'file, or directory with config.json and conf.d (/etc/keyferry)'
complete -c keyferry -l instance -x -a '(__keyferry_instances)' -d 'the instance NAME below /etc/keyferry/instances'
complete -c keyferry -l log -x -a 'error warn info debug' -d 'error, warn, info or debug (the config\'s log, or info)'
complete -c keyferry -l help -d 'this help'
complete -c keyferry -l version -d 'the version'

complete -c keyferry -n 'not __keyferry_verb' -a sync -d 'bring the sets up to date (what the timer runs)'
complete -c keyferry -n '__keyferry_is sync' -a '(__keyferry_sets)'
complete -c keyferry -n '__keyferry_is sync' -l offline -d 'no network: verify, heal, finish pending hooks'
complete -c keyferry -n '__keyferry_is sync' -l dry-run -d 'fetch and compare; change nothing, run nothing'
complete -c keyferry -n '__keyferry_is sync' -l sign-in -d 'a person signs in for this run (identity type device_code)'
complete -c keyferry -n '__keyferry_is sync' -l keep-token -d 'later runs may use that sign-in\'s token until it expires'
complete -c keyferry -n '__keyferry_is sync' -l json -d 'print JSON'

complete -c keyferry -n 'not __keyferry_verb' -a check -d 'check the configuration and the files around it, without network'
complete -c keyferry -n '__keyferry_is check' -l online -d 'and the network, layer by layer, up to each object'
complete -c keyferry -n '__keyferry_is check' -l root -x -a '(__fish_complete_directories)' -d 'of the image in DIR: its users, paths and units'
complete -c keyferry -n '__keyferry_is check' -l json -d 'print JSON'

complete -c keyferry -n 'not __keyferry_verb' -a status -d 'how the last run ended, set by set, and the next step'
complete -c keyferry -n '__keyferry_is status' -l max-age -x -d 'fail when a required set was confirmed longer ago (2d)'
complete -c keyferry -n '__keyferry_is status' -l json -d 'print JSON'

complete -c keyferry -n 'not __keyferry_verb' -a token -d 'sign in and tell for whom, where and how long the token is good'
complete -c keyferry -n '__keyferry_is token' -l for -x -a 'vault arm graph storage' -d 'vault, arm, graph, storage, or an audience itself (vault)'
complete -c keyferry -n '__keyferry_is token' -l raw -d 'print the token alone, for scripts; never on a terminal'
complete -c keyferry -n '__keyferry_is token' -l probe -d 'spend it on the smallest real request'
complete -c keyferry -n '__keyferry_is token' -l account -x -d 'the storage account for --probe'
complete -c keyferry -n '__keyferry_is token' -l json -d 'print JSON'

complete -c keyferry -n 'not __keyferry_verb' -a clouds -d 'the national clouds and their hosts, or all facts of one'
complete -c keyferry -n '__keyferry_is clouds' -a 'public china usgov bleu delos govsg ussec usnat germany'
complete -c keyferry -n '__keyferry_is clouds' -l accept -x -d 'take what the private cloud says now, if HOST is its login host'
complete -c keyferry -n '__keyferry_is clouds' -l json -d 'print JSON'

complete -c keyferry -n 'not __keyferry_verb' -a purge -d 'remove delivered files and forget their sets'
complete -c keyferry -n '__keyferry_is purge' -a '(__keyferry_delivered)'
complete -c keyferry -n '__keyferry_is purge' -l all -d 'every set, then all state of the instance'
complete -c keyferry -n '__keyferry_is purge' -l dry-run -d 'tell what would go; change nothing'
