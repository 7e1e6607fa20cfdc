//! What the program asked of the kernel: a run under strace, read back call by call.
//!
//! Each thread has a log of its own, so that no call is torn in two. Descriptors carry
//! their paths (`-y`) and texts are whole (`-s`), which strace shows of a program that is
//! not dumpable only to root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A system call that was made.
#[derive(Clone, Debug)]
pub struct Call {
    pub name: String,
    pub arguments: Vec<String>,
    /// What it returned; nothing when it never did.
    pub result: Option<i64>,
    /// The how-manieth of its name it is in its thread, from 1: as `when=` counts.
    pub when: usize,
    pub line: String,
}

/// A run that has ended.
pub struct Traced {
    pub output: Output,
    /// The calls of the program's first thread.
    pub main: Vec<Call>,
    /// Those of its other threads and of its children, each by itself.
    pub others: Vec<Vec<Call>>,
}

/// Runs `command` under strace, which logs to files in `logs`. `calls` is what strace takes
/// behind `trace=`; `inject` behind `inject=`.
pub fn run(command: &Command, logs: &Path, calls: &str, inject: Option<&str>) -> Traced {
    let _ = fs::remove_dir_all(logs);
    fs::create_dir_all(logs).unwrap();
    let mut strace = Command::new("strace");
    // Not --seccomp-bpf: with it strace 6.1 forgets the signals it should inject.
    strace.args(["-f", "-ff", "-q", "-y", "-v", "-s", "65536", "-o"]);
    strace.arg(logs.join("log"));
    strace.args(["-e", "signal=none", "-e", &format!("trace=execve,{calls}")]);
    if let Some(inject) = inject {
        // strace counts each process's calls by themselves; children shall be left alone.
        strace.args(["-b", "execve", "-e", &format!("inject={inject}")]);
    }
    strace.arg(command.get_program()).args(command.get_args());
    strace.env_clear().stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        strace.env(name, value.unwrap());
    }
    let output = strace.output().unwrap();
    let (mut main, mut others) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(logs).unwrap() {
        let calls = read(&entry.unwrap().path());
        let program = command.get_program().to_str().unwrap();
        let first = calls.first().map(|call| call.line.as_str());
        if first.is_some_and(|line| line.starts_with(&format!("execve(\"{program}\""))) {
            main = calls;
        } else {
            others.push(calls);
        }
    }
    assert!(!main.is_empty(), "strace saw nothing: {output:?}");
    Traced {
        output,
        main,
        others,
    }
}

impl Call {
    /// The path of the descriptor at `place`: `5</run/keyferry>`.
    pub fn descriptor(&self, place: usize) -> Option<PathBuf> {
        let (_, path) = self.arguments.get(place)?.split_once('<')?;
        let path = path.strip_suffix('>')?;
        Some(PathBuf::from(
            path.strip_suffix("(deleted)").unwrap_or(path),
        ))
    }

    /// The path of the name at `place`, relative to the descriptor before it.
    pub fn entry(&self, place: usize) -> Option<PathBuf> {
        let name = self.arguments.get(place)?.trim_matches('"');
        Some(self.descriptor(place.checked_sub(1)?)?.join(name))
    }

    /// The argument at `place`, an octal mode or a decimal id.
    pub fn number(&self, place: usize) -> u32 {
        let text = &self.arguments[place];
        match text.strip_prefix('0') {
            Some(octal) if !octal.is_empty() => u32::from_str_radix(octal, 8).unwrap(),
            _ => text.parse().unwrap(),
        }
    }

    pub fn succeeded(&self) -> bool {
        self.result.is_some_and(|result| result >= 0)
    }

    /// The path that the call changes, or makes durable; nothing for calls that only look.
    pub fn changes(&self) -> Option<PathBuf> {
        match self.name.as_str() {
            "openat" if self.arguments[2].contains("O_CREAT") => self.entry(1),
            "write" | "pwrite64" | "writev" | "fchown" | "fchmod" | "fsync" | "fdatasync"
            | "ftruncate" | "flock" => {
                let path = self.descriptor(0)?;
                path.is_absolute().then_some(path)
            }
            "mkdirat" | "unlinkat" | "fchmodat" | "fchownat" | "utimensat" => self.entry(1),
            "renameat" | "renameat2" | "linkat" => self.entry(3),
            "symlinkat" => self.entry(2),
            _ => None,
        }
    }
}

/// The calls whose [`Call::changes`] is known, for `trace=`; with them those that would be a
/// change by another way, which the program must not take.
pub const CHANGES: &str = "openat,write,pwrite64,writev,pwritev,fchown,fchmod,fsync,fdatasync,\
    ftruncate,flock,mkdirat,unlinkat,fchmodat,fchownat,utimensat,renameat,renameat2,linkat,\
    symlinkat,open,creat,mkdir,rmdir,unlink,rename,link,symlink,chmod,chown,lchown,truncate,\
    fallocate,copy_file_range,sendfile,setxattr,fsetxattr";

/// Whether the call would change a file in a way that [`Call::changes`] does not see.
pub fn is_unknown_change(call: &Call) -> bool {
    let known = call.changes().is_some();
    let harmless = ["openat", "execve", "write", "writev", "open"];
    !known && !harmless.contains(&call.name.as_str())
}

fn read(log: &Path) -> Vec<Call> {
    let text = String::from_utf8_lossy(&fs::read(log).unwrap()).into_owned();
    let mut calls: Vec<Call> = Vec::new();
    for line in text.lines() {
        let Some((name, rest)) = line.split_once('(') else {
            continue;
        };
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        let (arguments, behind) = split(rest);
        let result = behind.split_whitespace().nth(1);
        let result = result.map(|word| word.split('<').next().unwrap_or_default());
        calls.push(Call {
            name: name.to_owned(),
            arguments,
            result: result.and_then(|word| word.parse().ok()),
            when: 1 + calls.iter().filter(|call| call.name == name).count(),
            line: line.to_owned(),
        });
    }
    calls
}

/// The arguments up to the closing bracket, and what stands behind it.
fn split(text: &str) -> (Vec<String>, &str) {
    let (mut arguments, mut current) = (Vec::new(), String::new());
    let (mut quoted, mut escaped, mut depth) = (false, false, 0_usize);
    for (place, c) in text.char_indices() {
        if quoted {
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else {
            match c {
                '"' => quoted = true,
                '[' | '{' | '<' | '(' => depth += 1,
                ')' if depth == 0 => {
                    arguments.push(current.trim().to_owned());
                    return (arguments, &text[place + 1..]);
                }
                ']' | '}' | '>' | ')' => depth -= 1,
                ',' if depth == 0 => {
                    arguments.push(current.trim().to_owned());
                    current.clear();
                    continue;
                }
                _ => {}
            }
        }
        current.push(c);
    }
    (arguments, "")
}
