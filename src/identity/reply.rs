//! Token replies, in all the forms in which authorities and machine endpoints send them
//! (protocol notes 3.8, 4.2 to 4.5).

use super::Token;
use crate::clock;
use crate::json::{Malformed, Members, Raw};
use crate::secret::Secret;

/// Why a reply gives no token.
pub(super) enum Unusable {
    /// It is no JSON of this shape.
    Json(Malformed),
    /// It is, but its token could not stand in a header, or its time is none.
    Token,
}

/// The token of `body`, which was asked for at `asked_at`.
///
/// Its end is counted from this device's clock where the reply says how long it lives; a
/// reply without any time gives a token for this run.
pub(super) fn token(body: &Secret, asked_at: i64) -> Result<Token, Unusable> {
    let reply = Members::read(body.expose()).map_err(Unusable::Json)?;
    let value = reply.need("access_token").map_err(Unusable::Json)?;
    let value = Secret::from_json_string(value.text())
        .filter(|value| is_token(value.expose()))
        .ok_or(Unusable::Token)?;
    // The one is a number in v2, a text in v1 and at machine endpoints; the other seconds
    // since 1970 as either, or a date in App Service's first protocol.
    let lifetime = match (reply.find("expires_in"), reply.find("expires_on")) {
        (Some(expires_in), _) => number(expires_in),
        (None, Some(expires_on)) => moment(expires_on).map(|end| end.saturating_sub(asked_at)),
        (None, None) => Some(UNSTATED),
    };
    let lifetime = lifetime
        .filter(|seconds| *seconds > 0)
        .ok_or(Unusable::Token)?;
    let expires = asked_at.saturating_add(lifetime.min(LONGEST));
    Ok(Token::new(value, asked_at, expires))
}

fn number(raw: Raw<'_>) -> Option<i64> {
    raw.text().trim_matches('"').parse().ok()
}

fn moment(raw: Raw<'_>) -> Option<i64> {
    number(raw).or_else(|| {
        // The platform escapes the date's slashes and plus sign.
        let date = Secret::from_json_string(raw.text())?;
        clock::parse_us_date(date.expose_str()?)
    })
}

/// A token may stand in a header: visible ASCII only.
fn is_token(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(u8::is_ascii_graphic)
}

/// Seconds; a token is believed to live a day at the most.
const LONGEST: i64 = 86_400;
/// Seconds that a token is used whose reply does not say how long it lives.
const UNSTATED: i64 = 600;

#[cfg(test)]
mod tests {
    use super::*;

    fn lifetime(fields: &str) -> Option<i64> {
        let body = format!(r#"{{"token_type":"Bearer","access_token":"t"{fields}}}"#);
        let token = token(&Secret::copy_of(body.as_bytes()), 1000).ok()?;
        assert_eq!(token.value().expose(), b"t");
        Some(token.expires().saturating_sub(1000))
    }

    #[test]
    fn the_end_of_a_token_is_told_in_many_ways() {
        for (fields, wanted) in [
            (r#","expires_in":3599"#, Some(3599)),
            (r#","expires_in":"3599","expires_on":"9""#, Some(3599)),
            (r#","expires_on":"1586""#, Some(586)),
            (r#","expires_on":1586"#, Some(586)),
            (r#","expires_in":999999999"#, Some(86_400)),
            ("", Some(600)),
            (r#","expires_in":0"#, None),
            (r#","expires_in":-5"#, None),
            (r#","expires_in":"soon""#, None),
            (r#","expires_on":"900""#, None),
            (r#","expires_in":null"#, Some(600)),
            (r#","expires_on":"01/01/1970 00:20:00 +00:00""#, Some(200)),
            (
                r#","expires_on":"1\/1\/1970 12:20:00 AM \u002B00:00""#,
                Some(200),
            ),
            (r#","expires_on":"1/1/1970 12:10:00 AM +00:00""#, None),
            (r#","expires_on":"soon""#, None),
        ] {
            assert_eq!(lifetime(fields), wanted, "{fields}");
        }
    }

    #[test]
    fn what_could_end_a_header_is_no_token() {
        for bad in [r#""""#, r#""a b""#, r#""a\nb""#, "null", "7"] {
            let body = format!(r#"{{"access_token":{bad},"expires_in":60}}"#);
            assert!(
                token(&Secret::copy_of(body.as_bytes()), 0).is_err(),
                "{bad}"
            );
        }
    }
}
