//! What whoever started the cloud tells it while it serves: one command a line on standard input,
//! one line on standard output for each.
//!
//! ```text
//! certificate VAULT NAME PEM        a new version, whose secret is the text of the file PEM
//! certificate VAULT NAME PFX PEM    … is the container PFX, which the vault converts to PEM
//! clock SECONDS                     the services' clock runs ahead of the machine's by this
//! secret VAULT NAME WORD...         a new version, whose value is the rest of the line
//! ```
//! The answer is `done` and the version's id, if there is one, or `failed` and why. Paths hold no
//! spaces.

use std::fs;
use std::io::{self, BufRead, Write};

use cloud::{Certificate, Cloud};

/// Obeys until the input ends.
pub(crate) fn obey(cloud: &Cloud, input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    for line in input.lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        match answer(cloud, &words) {
            Ok(version) => writeln!(output, "done {version}")?,
            Err(error) => writeln!(output, "failed {error}")?,
        }
        output.flush()?;
    }
    Ok(())
}

fn answer(cloud: &Cloud, words: &[&str]) -> io::Result<String> {
    match *words {
        ["certificate", vault, name, pem] => {
            let certificate = Certificate::pem(fs::read_to_string(pem)?);
            Ok(cloud.vault(vault).set_certificate(name, certificate))
        }
        ["certificate", vault, name, pfx, pem] => {
            let certificate = Certificate::pfx(fs::read(pfx)?, fs::read_to_string(pem)?);
            Ok(cloud.vault(vault).set_certificate(name, certificate))
        }
        ["clock", seconds] => {
            cloud.set_clock_offset(seconds.parse().map_err(io::Error::other)?);
            Ok(String::new())
        }
        ["secret", vault, name, ref value @ ..] if !value.is_empty() => {
            Ok(cloud.vault(vault).set(name, &value.join(" ")))
        }
        _ => Err(io::Error::other("no such command")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloud::{Device, DeviceAuthority, National};

    /// The first word of the answer to each of these commands.
    fn answers(cloud: &Cloud, commands: &str) -> Vec<String> {
        let mut answers = Vec::new();
        obey(cloud, commands.as_bytes(), &mut answers).unwrap();
        let answers = String::from_utf8(answers).unwrap();
        answers
            .lines()
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn a_certificate_comes_from_a_file_and_a_mistake_stops_nothing() {
        let cloud = Cloud::start(National::Public).unwrap();
        let authority = DeviceAuthority::new("Plant 7");
        let broker = Device::builder("broker").issued_by(&authority).build();
        let path = std::env::temp_dir().join(format!("cloud-console-{}.pem", std::process::id()));
        fs::write(&path, &broker.combined_pem).unwrap();
        let place = path.display();
        let commands = format!(
            "hush\ncertificate plant7 broker /nowhere\ncertificate plant7 broker {place}\n"
        );
        let answers = answers(&cloud, &commands);
        fs::remove_file(&path).unwrap();
        assert_eq!(answers, ["failed", "failed", "done"]);
    }

    #[test]
    fn a_secret_is_the_rest_of_the_line_and_must_have_one() {
        let cloud = Cloud::start(National::Public).unwrap();
        let commands = "secret plant7 pump\nsecret plant7 pump key of pump 7\n";
        assert_eq!(answers(&cloud, commands), ["failed", "done"]);
    }

    #[test]
    fn the_clock_takes_seconds_either_way_and_nothing_else() {
        let cloud = Cloud::start(National::Public).unwrap();
        let commands = "clock 2209032000\nclock -60\nclock soon\nclock\n";
        assert_eq!(
            answers(&cloud, commands),
            ["done", "done", "failed", "failed"]
        );
    }
}
