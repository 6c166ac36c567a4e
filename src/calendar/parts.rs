//! Splits durations and terms into numbers and units.

/// Splits `1y6mo` or `4h30m` into numbers and units. `None` for a text in another format.
pub(super) fn short_parts(text: &str) -> Option<Vec<(i64, &str)>> {
    let mut rest = text;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let letters = rest[digits..].bytes().take_while(u8::is_ascii_lowercase).count();
        if digits == 0 || letters == 0 || digits > 9 {
            return None;
        }
        parts.push((rest[..digits].parse().ok()?, &rest[digits..digits + letters]));
        rest = &rest[digits + letters..];
    }
    (!parts.is_empty()).then_some(parts)
}
