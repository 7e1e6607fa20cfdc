//! A QR code for a terminal: half blocks, two modules above each other a character.
//!
//! Dark on light is what cameras expect, so the colours are said whatever the terminal's own
//! are: light modules are drawn in white, dark ones are the black behind them.

use qrcodegen_no_heap::{Mask, QrCode, QrCodeEcc, QrSegment, Version};

/// `text` as a picture with its quiet zone, or nothing when it is wider than `columns`.
///
/// The mask is a fixed one: cameras read all eight, and choosing costs more code than drawing.
pub(super) fn picture(text: &str, columns: usize) -> Option<String> {
    let (mut work, mut out) = ([0; SPACE], [0; SPACE]);
    let segment = [QrSegment::make_bytes(text.as_bytes())];
    let (length, level, version) = QrCode::encode_segments_to_codewords(
        &segment,
        &mut out,
        QrCodeEcc::Low,
        Version::MIN,
        LARGEST,
        true,
    )
    .ok()?;
    let code = QrCode::encode_codewords(&mut out, length, &mut work, level, version, Some(MASK));
    let end = code.size().saturating_add(QUIET);
    if usize::try_from(end.saturating_add(QUIET)).ok()? > columns {
        return None;
    }
    let light = |x, y| y < end && !code.get_module(x, y);
    let mut picture = String::new();
    for y in (-QUIET..end).step_by(2) {
        picture.push_str(WHITE_ON_BLACK);
        for x in -QUIET..end {
            picture.push(match (light(x, y), light(x, y.saturating_add(1))) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        picture.push_str(RESET);
    }
    Some(picture)
}

/// Modules of light around the code, by the standard.
const QUIET: i32 = 4;
/// 57 modules; takes more than the longest address.
const LARGEST: Version = Version::new(10);
const MASK: Mask = Mask::new(2);
const SPACE: usize = LARGEST.buffer_len();
const WHITE_ON_BLACK: &str = "\u{1b}[40;97m";
const RESET: &str = "\u{1b}[0m\n";

#[cfg(test)]
mod tests {
    use super::*;

    /// That a camera reads it is held by a picture among the behaviour tests.
    #[test]
    fn is_square_and_quiet_and_fits_or_is_not_there() {
        for length in [1, 29, 33, 78, 200] {
            let picture = picture(&"a".repeat(length), 80).unwrap();
            let lines: Vec<&str> = picture.lines().collect();
            let inside = |line: &str| {
                let text = line.strip_prefix(WHITE_ON_BLACK).unwrap();
                text.strip_suffix(RESET.trim_end()).unwrap().to_owned()
            };
            let width = inside(lines[0]).chars().count();
            assert_eq!(lines.len(), width.div_ceil(2));
            for (row, line) in lines.iter().enumerate() {
                let line = inside(line);
                let quiet = row < 2 || row + 2 == lines.len();
                assert!(!quiet || line.chars().all(|c| c == '█'), "{line}");
                assert!(
                    row + 1 == lines.len() || line.starts_with("████") && line.ends_with("████")
                );
            }
            let narrow = super::picture(&"a".repeat(length), width - 1);
            assert_eq!(narrow, None);
        }
        assert_eq!(picture(&"a".repeat(300), 200), None);
    }
}
