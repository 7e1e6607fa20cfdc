//! The one logger: plain sentences on standard error.
//!
//! Under systemd each line carries its level as `<N>` (sd-daemon(3)) and no time, since
//! the journal has both; elsewhere it begins with the level in words. Whatever a message
//! holds, it stays one line: control characters are escaped. The libraries below, which
//! might tell more than we would, never get further than warnings.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{self, LineWriter, Stderr};

use log::{Level, LevelFilter, Log, Metadata, Record};
use rustix::fs::fstat;
use simplelog::{ConfigBuilder, WriteLogger};

/// Starts logging at `level`. The first call decides; later ones change nothing.
pub fn init(level: LevelFilter) {
    let journal = std::env::var_os("JOURNAL_STREAM");
    let logger = Lines {
        level,
        style: style(journal.as_deref()),
        // Without the buffer each line would be several writes, and hooks' output could
        // get between them.
        writer: WriteLogger::new(level, bare(), LineWriter::new(io::stderr())),
    };
    if log::set_boxed_logger(Box::new(logger)).is_ok() {
        log::set_max_level(level);
    }
}

/// How a line begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// `<4>`, which the journal takes off again.
    Journal,
    /// `warning: `.
    Words,
}

struct Lines {
    level: LevelFilter,
    style: Style,
    writer: Box<WriteLogger<LineWriter<Stderr>>>,
}

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= cap(metadata.target(), self.level)
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = line(self.style, record.level(), &record.args().to_string());
        let metadata = record.metadata().clone();
        self.writer.log(
            &Record::builder()
                .metadata(metadata)
                .args(format_args!("{line}"))
                .build(),
        );
    }

    fn flush(&self) {
        self.writer.flush();
    }
}

/// The level up to which `target` may speak.
fn cap(target: &str, level: LevelFilter) -> LevelFilter {
    let library = target.starts_with("ureq") || target.starts_with("rustls");
    if library {
        level.min(LevelFilter::Warn)
    } else {
        level
    }
}

fn line(style: Style, level: Level, message: &str) -> String {
    let (number, word) = match level {
        Level::Error => ("<3>", "error: "),
        Level::Warn => ("<4>", "warning: "),
        Level::Info => ("<6>", "info: "),
        Level::Debug | Level::Trace => ("<7>", "debug: "),
    };
    let mut line = match style {
        Style::Journal => number.to_owned(),
        Style::Words => word.to_owned(),
    };
    for c in message.chars() {
        if c.is_control() {
            // Writing to a String cannot fail.
            let _ = write!(line, "{}", c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

/// Asks the system whether standard error is the journal's stream that
/// `$JOURNAL_STREAM` names: a hook of another unit may have inherited the variable alone.
fn style(journal: Option<&OsStr>) -> Style {
    let stream = fstat(io::stderr()).map(|stat| format!("{}:{}", stat.st_dev, stat.st_ino));
    match (journal.and_then(OsStr::to_str), stream) {
        (Some(journal), Ok(stream)) if journal == stream => Style::Journal,
        _ => Style::Words,
    }
}

/// simplelog writes the bare message; what precedes it is ours.
fn bare() -> simplelog::Config {
    ConfigBuilder::new()
        .set_max_level(LevelFilter::Off)
        .set_time_level(LevelFilter::Off)
        .set_thread_level(LevelFilter::Off)
        .set_target_level(LevelFilter::Off)
        .set_location_level(LevelFilter::Off)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_forge_a_second_line() {
        for (style, level, message, wanted) in [
            (Style::Words, Level::Warn, "a\nb", "warning: a\\nb"),
            (Style::Words, Level::Error, "\u{1b}[2J", "error: \\u{1b}[2J"),
            (Style::Journal, Level::Info, "ä…", "<6>ä…"),
            (Style::Journal, Level::Debug, "\r<3>x", "<7>\\r<3>x"),
        ] {
            assert_eq!(line(style, level, message), wanted);
        }
    }

    #[test]
    fn libraries_are_capped_at_warnings() {
        for (target, level, wanted) in [
            ("keyferry::http", LevelFilter::Debug, LevelFilter::Debug),
            ("ureq::run", LevelFilter::Debug, LevelFilter::Warn),
            ("ureq_proto", LevelFilter::Trace, LevelFilter::Warn),
            ("rustls::client", LevelFilter::Info, LevelFilter::Warn),
            ("rustls", LevelFilter::Error, LevelFilter::Error),
        ] {
            assert_eq!(cap(target, level), wanted, "{target}");
        }
    }

    #[test]
    fn only_the_very_stream_is_the_journal() {
        let stat = fstat(io::stderr()).unwrap();
        let ours = format!("{}:{}", stat.st_dev, stat.st_ino);
        assert_eq!(style(Some(OsStr::new(&ours))), Style::Journal);
        assert_eq!(style(Some(OsStr::new("0:0"))), Style::Words);
        assert_eq!(style(None), Style::Words);
    }

    #[test]
    fn a_second_start_changes_nothing() {
        init(LevelFilter::Error);
        init(LevelFilter::Trace);
        assert_eq!(log::max_level(), LevelFilter::Error);
    }
}
