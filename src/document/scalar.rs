//! Resolves plain scalars to numbers, booleans, null or text by the core schema of YAML 1.2.
//!
//! `yes`, `on` and `2026-01-01` are texts there. A number in a non-canonical form (`0049`, `1.10`, `12e3`, `+7`) is
//! ambiguous: it was probably meant as text, and reading it as a number would lose its form.

/// The value of a plain scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum PlainScalar {
    /// `~`, `null`, or an empty scalar.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer in canonical form.
    Integer(i64),
    /// Any other number in canonical form.
    Float(f64),
    /// A number in another form.
    Ambiguous(AmbiguousNumber),
    /// Any other scalar.
    Text,
}

/// A number in a non-canonical form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum AmbiguousNumber {
    /// An integer.
    Integer(i64),
    /// Any other finite number.
    Float(f64),
    /// A number that cannot be represented: too large, infinite, or not a number.
    Unfit,
}

/// Resolves a plain scalar.
pub(super) fn resolve(text: &str) -> PlainScalar {
    let Some(first) = text.bytes().next() else {
        return PlainScalar::Null;
    };
    match first {
        b'~' | b'n' | b'N' if matches!(text, "~" | "null" | "Null" | "NULL") => PlainScalar::Null,
        b't' | b'T' if matches!(text, "true" | "True" | "TRUE") => PlainScalar::Bool(true),
        b'f' | b'F' if matches!(text, "false" | "False" | "FALSE") => PlainScalar::Bool(false),
        b'0'..=b'9' | b'-' | b'+' | b'.' => number(text),
        _ => PlainScalar::Text,
    }
}

/// Whether a text without quotes resolves to that text, and not to a number, a boolean or null.
pub fn is_plain_text(text: &str) -> bool {
    resolve(text) == PlainScalar::Text
}

fn number(text: &str) -> PlainScalar {
    if let Some(based) = based_integer(text) {
        return PlainScalar::Ambiguous(based);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return PlainScalar::Ambiguous(AmbiguousNumber::Unfit);
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => PlainScalar::Integer(number),
            Ok(number) => PlainScalar::Ambiguous(AmbiguousNumber::Integer(number)),
            Err(_) => PlainScalar::Ambiguous(AmbiguousNumber::Unfit),
        };
    }
    if !is_float(unsigned) {
        return PlainScalar::Text;
    }
    match text.parse::<f64>() {
        Ok(number) if !number.is_finite() => PlainScalar::Ambiguous(AmbiguousNumber::Unfit),
        Ok(number) if number.to_string() == text => PlainScalar::Float(number),
        Ok(number) => PlainScalar::Ambiguous(AmbiguousNumber::Float(number)),
        Err(_) => PlainScalar::Text,
    }
}

/// Resolves octal and hexadecimal integers: `0o17`, `0x1F`.
fn based_integer(text: &str) -> Option<AmbiguousNumber> {
    let (digits, radix) = match (text.strip_prefix("0o"), text.strip_prefix("0x")) {
        (Some(digits), _) => (digits, 8),
        (None, Some(digits)) => (digits, 16),
        (None, None) => return None,
    };
    let fits = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    fits.then(|| i64::from_str_radix(digits, radix).map_or(AmbiguousNumber::Unfit, AmbiguousNumber::Integer))
}

/// Matches `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
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
    use super::{AmbiguousNumber, PlainScalar, resolve};

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
            assert_eq!(resolve(text), PlainScalar::Text, "{text}");
        }
        for text in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(resolve(text), PlainScalar::Null, "{text}");
        }
        assert_eq!(resolve("True"), PlainScalar::Bool(true));
        assert_eq!(resolve("FALSE"), PlainScalar::Bool(false));
        assert_eq!(resolve("0"), PlainScalar::Integer(0));
        assert_eq!(resolve("-12"), PlainScalar::Integer(-12));
        assert_eq!(resolve("1.5"), PlainScalar::Float(1.5));
    }

    #[test]
    fn a_number_in_another_than_the_canonical_form_is_ambiguous() {
        for (text, plain) in [
            ("0049", AmbiguousNumber::Integer(49)),
            ("012", AmbiguousNumber::Integer(12)),
            ("+79161234567", AmbiguousNumber::Integer(79_161_234_567)),
            ("0x1F", AmbiguousNumber::Integer(31)),
            ("0o17", AmbiguousNumber::Integer(15)),
            ("1.10", AmbiguousNumber::Float(1.1)),
            ("12e3", AmbiguousNumber::Float(12_000.0)),
            (".5", AmbiguousNumber::Float(0.5)),
            ("5.", AmbiguousNumber::Float(5.0)),
            (".inf", AmbiguousNumber::Unfit),
            ("1e999", AmbiguousNumber::Unfit),
            ("12345678901234567890", AmbiguousNumber::Unfit),
        ] {
            assert_eq!(resolve(text), PlainScalar::Ambiguous(plain), "{text}");
        }
    }
}
