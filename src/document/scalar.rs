//! Plain scalars: which of them are numbers, flags or nothing, by the core schema of YAML 1.2.
//!
//! `yes`, `on` and `2026-01-01` are texts there. A number that is not written the one plain way (`0049`,
//! `1.10`, `12e3`, `+7…`) was most likely meant as text, and would silently lose what makes it one.

/// What a plain scalar is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar {
    /// `~`, `null`, or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number, written plainly.
    Integer(i64),
    /// Any other number, written plainly.
    Float(f64),
    /// A number, but not written plainly.
    Ambiguous(Ambiguous),
    /// Any other text.
    Text,
}

/// How to write a number that was not written plainly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ambiguous {
    /// The whole number it is.
    Integer(i64),
    /// The number it is.
    Float(f64),
    /// It is a number that cannot be held: too large, infinite, none.
    Unfit,
}

/// Reads a plain scalar.
pub(super) fn resolve(text: &str) -> Scalar {
    let Some(first) = text.bytes().next() else {
        return Scalar::Null;
    };
    match first {
        b'~' | b'n' | b'N' if matches!(text, "~" | "null" | "Null" | "NULL") => Scalar::Null,
        b't' | b'T' if matches!(text, "true" | "True" | "TRUE") => Scalar::Bool(true),
        b'f' | b'F' if matches!(text, "false" | "False" | "FALSE") => Scalar::Bool(false),
        b'0'..=b'9' | b'-' | b'+' | b'.' => number(text),
        _ => Scalar::Text,
    }
}

/// Whether a text can be written without quotes and still be read as that text, as far as its value is concerned.
pub fn is_plain_text(text: &str) -> bool {
    resolve(text) == Scalar::Text
}

fn number(text: &str) -> Scalar {
    if let Some(based) = based_integer(text) {
        return Scalar::Ambiguous(based);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Scalar::Ambiguous(Ambiguous::Unfit);
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => Scalar::Integer(number),
            Ok(number) => Scalar::Ambiguous(Ambiguous::Integer(number)),
            Err(_) => Scalar::Ambiguous(Ambiguous::Unfit),
        };
    }
    if !is_float(unsigned) {
        return Scalar::Text;
    }
    match text.parse::<f64>() {
        Ok(number) if !number.is_finite() => Scalar::Ambiguous(Ambiguous::Unfit),
        Ok(number) if number.to_string() == text => Scalar::Float(number),
        Ok(number) => Scalar::Ambiguous(Ambiguous::Float(number)),
        Err(_) => Scalar::Text,
    }
}

/// `0o17` and `0x1F`.
fn based_integer(text: &str) -> Option<Ambiguous> {
    let (digits, radix) = match (text.strip_prefix("0o"), text.strip_prefix("0x")) {
        (Some(digits), _) => (digits, 8),
        (None, Some(digits)) => (digits, 16),
        (None, None) => return None,
    };
    let fits = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    fits.then(|| i64::from_str_radix(digits, radix).map_or(Ambiguous::Unfit, Ambiguous::Integer))
}

/// `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    exponent_fits && mantissa_fits
}

#[cfg(test)]
mod tests {
    use super::{Ambiguous, Scalar, resolve};

    #[test]
    fn the_core_schema_and_nothing_older() {
        for text in [
            "yes",
            "no",
            "on",
            "off",
            "Y",
            "2026-01-01",
            "09:00",
            "1_000",
            "1.2.3",
            "4h",
            "-",
            "+",
            ".",
            "e5",
            "nUll",
            "0o8",
            "1e",
            "12e",
        ] {
            assert_eq!(resolve(text), Scalar::Text, "{text}");
        }
        for text in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(resolve(text), Scalar::Null, "{text}");
        }
        assert_eq!(resolve("True"), Scalar::Bool(true));
        assert_eq!(resolve("FALSE"), Scalar::Bool(false));
        assert_eq!(resolve("0"), Scalar::Integer(0));
        assert_eq!(resolve("-12"), Scalar::Integer(-12));
        assert_eq!(resolve("1.5"), Scalar::Float(1.5));
    }

    #[test]
    fn a_number_that_is_not_written_plainly_is_doubtful() {
        for (text, plain) in [
            ("0049", Ambiguous::Integer(49)),
            ("012", Ambiguous::Integer(12)),
            ("+79161234567", Ambiguous::Integer(79_161_234_567)),
            ("0x1F", Ambiguous::Integer(31)),
            ("0o17", Ambiguous::Integer(15)),
            ("1.10", Ambiguous::Float(1.1)),
            ("12e3", Ambiguous::Float(12_000.0)),
            (".5", Ambiguous::Float(0.5)),
            ("5.", Ambiguous::Float(5.0)),
            (".inf", Ambiguous::Unfit),
            ("1e999", Ambiguous::Unfit),
            ("12345678901234567890", Ambiguous::Unfit),
        ] {
            assert_eq!(resolve(text), Scalar::Ambiguous(plain), "{text}");
        }
    }
}
