// SPDX-License-Identifier: Apache-2.0
//! What a plain scalar means: YAML 1.2's core schema, but digits with a leading zero are a string.
//!
//! <https://yaml.org/spec/1.2.2/#1032-tag-resolution>

use crate::Value;

/// A plain scalar, resolved.
pub(crate) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_number(text) => Value::Number(text.to_owned()),
        _ => Value::String(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    is_integer(text) || is_float(text) || is_special(text)
}

/// Whether the text is a whole number of the core schema.
pub(crate) fn is_integer(text: &str) -> bool {
    if let Some(digits) = text.strip_prefix("0x") {
        return !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return !digits.is_empty() && digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    }
    let digits = unsigned(text);
    is_digits(digits) && !has_leading_zero(digits)
}

fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match unsigned(text).split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(unsigned(exponent))),
        None => (unsigned(text), None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let shaped = if whole.is_empty() {
        is_digits(fraction)
    } else {
        is_digits(whole) && !has_leading_zero(whole) && (fraction.is_empty() || is_digits(fraction))
    };
    shaped && exponent.is_none_or(is_digits)
}

fn is_special(text: &str) -> bool {
    matches!(unsigned(text), ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn has_leading_zero(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0')
}

/// The value of a whole number, where it fits.
pub(crate) fn integer(text: &str) -> Option<i128> {
    if !is_integer(text) {
        return None;
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return i128::from_str_radix(digits, 16).ok();
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return i128::from_str_radix(digits, 8).ok();
    }
    text.parse().ok()
}

/// The value of a number, where it is finite.
pub(crate) fn float(text: &str) -> Option<f64> {
    if let Some(value) = integer(text) {
        return value.to_string().parse().ok();
    }
    if is_special(text) {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// A number as JSON: whole where it is whole and fits, else a float, else the text itself.
pub(crate) fn to_json(text: &str) -> serde_json::Value {
    // JSON's own `-0` is a float to serde_json: a whole zero would lose its sign.
    let whole = integer(text).filter(|&value| value != 0 || !text.starts_with('-'));
    let whole = whole.and_then(|value| {
        let signed = i64::try_from(value).ok().map(serde_json::Number::from);
        signed.or_else(|| u64::try_from(value).ok().map(serde_json::Number::from))
    });
    let number = whole.or_else(|| float(text).and_then(serde_json::Number::from_f64));
    number.map_or_else(|| text.to_owned().into(), serde_json::Value::Number)
}
