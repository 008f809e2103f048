// SPDX-License-Identifier: Apache-2.0
//! DynamoDB's numbers.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.Number>

/// The rule in words.
pub(super) const RULE: &str = "expected a decimal number of at most 38 digits, such as `-12.5` or `1e10`, of a magnitude from 1e-130 to 9.99e125";

const DIGITS: usize = 38;

/// The number in one normal form, so that `1.0` and `1` are the same; `None` where DynamoDB would
/// refuse it.
pub(super) fn normal(text: &str) -> Option<String> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        // Digits, and a sign before them at most, is what Rust takes, too.
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    let leading_zeros = digits.len() - significant.len();
    let significant = significant.trim_end_matches('0');
    if significant.is_empty() {
        return Some("0".to_owned());
    }
    // The power of ten of the first significant digit.
    let point = i64::try_from(whole.len()).ok()? - i64::try_from(leading_zeros).ok()?;
    let power = exponent.checked_add(point)?.checked_sub(1)?;
    let sign = if negative { "-" } else { "" };
    ((-130..=125).contains(&power) && significant.len() <= DIGITS)
        .then(|| format!("{sign}{significant}e{power}"))
}
