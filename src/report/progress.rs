//! How far a long transfer has come: one line of the terminal, written anew and erased at its
//! end. Where standard error is no terminal, nothing is ever shown.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use log::LevelFilter;

use super::invitation::columns;
use crate::name::foreign;

/// A transfer in progress. Dropped, it leaves nothing on the terminal.
#[derive(Debug)]
pub struct Progress {
    name: String,
    amount: Amount,
    began: Instant,
    drawn: Option<Instant>,
    /// The width of the terminal, if there is one to draw on.
    columns: Option<usize>,
}

/// Bytes.
#[derive(Clone, Copy, Debug)]
struct Amount {
    total: u64,
    already: u64,
    done: u64,
}

impl Progress {
    /// A transfer of `total` bytes, of which `already` many are there. Requests that are told of
    /// at `--log debug` would tear the line, so that it is not shown then.
    pub fn new(name: &str, total: u64, already: u64) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let quiet = log::max_level() < LevelFilter::Debug && !dumb;
        Self {
            name: foreign(name, LONGEST_NAME),
            amount: Amount {
                total,
                already,
                done: already,
            },
            began: Instant::now(),
            drawn: None,
            columns: columns().filter(|_| quiet),
        }
    }

    /// So many bytes more have come. Shows it, but for the first second, five times a second.
    pub fn step(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.amount.done = self.amount.done.saturating_add(bytes);
        let Some(columns) = self.columns else {
            return;
        };
        let due = match self.drawn {
            None => self.began.elapsed() >= FIRST,
            Some(drawn) => drawn.elapsed() >= AGAIN,
        };
        if !due {
            return;
        }
        self.drawn = Some(Instant::now());
        let line = line(&self.name, self.amount, self.began.elapsed());
        let shown: String = line.chars().take(columns.saturating_sub(1)).collect();
        draw(&shown);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.drawn.is_some() {
            draw("");
        }
    }
}

fn draw(line: &str) {
    let mut out = io::stderr().lock();
    let _ = write!(out, "\r{line}\u{1b}[K").and_then(|()| out.flush());
}

/// What is told after `elapsed`: speed and time left are those of the average so far.
fn line(name: &str, amount: Amount, elapsed: Duration) -> String {
    let Amount {
        total,
        already,
        done,
    } = amount;
    let percent = done.saturating_mul(100).checked_div(total).unwrap_or(100);
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    let came = done.saturating_sub(already).saturating_mul(1000);
    let speed = came.checked_div(millis).unwrap_or(0);
    let left = match total.saturating_sub(done).checked_div(speed) {
        Some(seconds) => time(seconds),
        None => "?".to_owned(),
    };
    let (done, total) = (megabytes(done), megabytes(total));
    let speed = match speed {
        0..1_000_000 => format!("{} kB/s", speed / 1000),
        _ => format!("{} MB/s", megabytes(speed)),
    };
    format!("{name}  {percent} %  {done} of {total} MB  {speed}  {left} left")
}

/// So many megabytes, cut to tenths: `82.1`.
pub fn megabytes(bytes: u64) -> String {
    let tenths = bytes / 100_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn time(seconds: u64) -> String {
    let minutes = seconds / 60;
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min {} s", seconds % 60),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

const LONGEST_NAME: usize = 24;
/// What is done sooner is not worth a line.
const FIRST: Duration = Duration::from_secs(1);
const AGAIN: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_how_far_how_fast_and_how_long() {
        for (total, already, done, millis, wanted) in [
            (
                200_000_000,
                0,
                82_100_000,
                58_600,
                "41 %  82.1 of 200.0 MB  1.4 MB/s  1 min 24 s left",
            ),
            (
                200_000_000,
                100_000_000,
                101_000_000,
                2000,
                "50 %  101.0 of 200.0 MB  500 kB/s  3 min 18 s left",
            ),
            (
                9_000_000_000,
                0,
                1_000_000,
                1000,
                "0 %  1.0 of 9000.0 MB  1.0 MB/s  2 h 29 min left",
            ),
            (
                2_500_000,
                0,
                2_500_000,
                2000,
                "100 %  2.5 of 2.5 MB  1.2 MB/s  0 s left",
            ),
            (10, 5, 5, 1000, "50 %  0.0 of 0.0 MB  0 kB/s  ? left"),
            (0, 0, 0, 0, "100 %  0.0 of 0.0 MB  0 kB/s  ? left"),
        ] {
            let amount = Amount {
                total,
                already,
                done,
            };
            let told = line("firmware.bin", amount, Duration::from_millis(millis));
            assert_eq!(told, format!("firmware.bin  {wanted}"));
        }
    }
}
