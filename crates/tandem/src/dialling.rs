//! What may be dialled, and what may be sent as tones (3GPP TS 27.007, 6.2; HFP 1.9, 4.18 to 4.20 and 4.28).

use host::{Digits, Number};

/// A number as it is dialled: digits, `*`, `#`, `+` and A to D; `>` and digits dial what is in the phone's
/// memory there.
///
/// # Errors
/// What is wrong with it, for a person.
pub fn number(text: &str) -> Result<Number, &'static str> {
    let valid = match text.strip_prefix('>') {
        Some(place) => !place.is_empty() && place.bytes().all(|letter| letter.is_ascii_digit()),
        None => !text.is_empty() && text.chars().all(|letter| letter == '+' || is_tone(letter)),
    };
    let number = Number::try_from(text).ok().filter(|_| valid);
    number.ok_or("must be 1 to 32 of 0 to 9, *, #, + and A to D, or > and digits")
}

/// Tones as they are sent: 0 to 9, `*`, `#` and A to D.
///
/// # Errors
/// What is wrong with them, for a person.
pub fn tones(text: &str) -> Result<Digits, &'static str> {
    let valid = !text.is_empty() && text.chars().all(is_tone);
    let tones = Digits::try_from(text).ok().filter(|_| valid);
    tones.ok_or("must be 1 to 32 of 0 to 9, *, # and A to D")
}

fn is_tone(letter: char) -> bool {
    matches!(letter, '0'..='9' | '*' | '#' | 'A'..='D')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_dialled_and_nothing_else_is() {
        for right in ["1", "+491234567", "*31#0123", "0A1D", ">7", ">199", &"9".repeat(32)] {
            assert_eq!(number(right).as_deref(), Ok(right));
        }
        for wrong in
            ["", ">", ">a", "1>2", "12;", "1\r\nATH", "a", "E", "0 12", "é", &"9".repeat(33)]
        {
            assert!(number(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tones_are_the_keys_of_a_telephone() {
        assert_eq!(tones("0159*#ABCD").as_deref(), Ok("0159*#ABCD"));
        for wrong in ["", "+1", "1,2", "d", ">1", &"1".repeat(33)] {
            assert!(tones(wrong).is_err(), "{wrong}");
        }
    }
}
