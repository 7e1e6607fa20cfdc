//! What whoever started the cloud tells it while it serves: one command a line on standard input,
//! one line on standard output for each.
//!
//! ```text
//! certificate VAULT NAME PEM        a new version, whose secret is the text of the file PEM
//! certificate VAULT NAME PFX PEM    … is the container PFX, which the vault converts to PEM
//! ```
//! The answer is `done` and the version's id, or `failed` and why. Paths hold no spaces.

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
    let (vault, name, certificate) = match *words {
        ["certificate", vault, name, pem] => {
            (vault, name, Certificate::pem(fs::read_to_string(pem)?))
        }
        ["certificate", vault, name, pfx, pem] => {
            let (container, converted) = (fs::read(pfx)?, fs::read_to_string(pem)?);
            (vault, name, Certificate::pfx(container, converted))
        }
        _ => return Err(io::Error::other("no such command")),
    };
    Ok(cloud.vault(vault).set_certificate(name, certificate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloud::{Device, DeviceAuthority, National};

    #[test]
    fn a_certificate_comes_from_a_file_and_a_mistake_stops_nothing() {
        let cloud = Cloud::start(National::Public).unwrap();
        let authority = DeviceAuthority::new("Plant 7");
        let broker = Device::builder("broker").issued_by(&authority).build();
        let path = std::env::temp_dir().join(format!("cloud-console-{}.pem", std::process::id()));
        fs::write(&path, &broker.combined_pem).unwrap();
        let path = path.display();
        let commands =
            format!("hush\ncertificate plant7 broker /nowhere\ncertificate plant7 broker {path}\n");
        let mut answers = Vec::new();
        let outcome = obey(&cloud, commands.as_bytes(), &mut answers);
        fs::remove_file(path.to_string()).unwrap();
        outcome.unwrap();
        let answers = String::from_utf8(answers).unwrap();
        let starts: Vec<&str> = answers
            .lines()
            .map(|line| line.split(' ').next().unwrap())
            .collect();
        assert_eq!(starts, ["failed", "failed", "done"], "{answers}");
    }
}
