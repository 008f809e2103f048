// SPDX-License-Identifier: Apache-2.0
//! DynamoDB's numbers: exact decimals of up to 38 significant digits.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

#[cfg(test)]
mod tests;

/// The most significant digits that a number may have.
const PRECISION: usize = 38;
/// The largest and the smallest power of ten that a number's first digit may stand at.
const LARGEST: i64 = 125;
const SMALLEST: i64 = -130;

/// A decimal number, `±coefficient × 10^exponent`.
// INVARIANT (canonical number): the coefficient is below 10^38 and does not end in a zero digit;
// zero is `(false, 0, 0)`. Equal values are therefore equal structs, and `1` is `1.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Number {
    negative: bool,
    coefficient: u128,
    exponent: i16,
}

/// Why a text is not a number that DynamoDB stores, in AWS's own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NumberError {
    /// The text is empty.
    #[error("The parameter cannot be converted to a numeric value")]
    Empty,
    /// The text is no number.
    #[error("The parameter cannot be converted to a numeric value: {0}")]
    NotNumeric(String),
    /// The number is too far from zero.
    #[error(
        "Number overflow. Attempting to store a number with magnitude larger than supported range"
    )]
    Overflow,
    /// The number is too near to zero.
    #[error(
        "Number underflow. Attempting to store a number with magnitude smaller than supported range"
    )]
    Underflow,
    /// The number has more than 38 significant digits.
    #[error("Attempting to store more than 38 significant digits in a Number")]
    Precision,
}

impl Number {
    const ZERO: Self = Self {
        negative: false,
        coefficient: 0,
        exponent: 0,
    };

    /// A whole number, such as a length.
    pub(crate) fn from_usize(whole: usize) -> Self {
        let digits: Vec<u8> = whole
            .to_string()
            .bytes()
            .map(|digit| digit - b'0')
            .collect();
        // A usize has at most 20 digits: it always fits.
        Self::from_digits(false, &digits, 0).unwrap_or(Self::ZERO)
    }

    /// The sum of two numbers.
    pub(crate) fn plus(self, other: Self) -> Result<Self, NumberError> {
        if self.coefficient == 0 || other.coefficient == 0 {
            return Ok(if self.coefficient == 0 { other } else { self });
        }
        let exponent = self.exponent.min(other.exponent);
        let (left, right) = (self.digits_above(exponent), other.digits_above(exponent));
        if self.negative == other.negative {
            return Self::from_digits(self.negative, &add(&left, &right), exponent.into());
        }
        match compare_magnitudes(&left, &right) {
            Ordering::Equal => Ok(Self::ZERO),
            Ordering::Greater => {
                Self::from_digits(self.negative, &subtract(&left, &right), exponent.into())
            }
            Ordering::Less => {
                Self::from_digits(other.negative, &subtract(&right, &left), exponent.into())
            }
        }
    }

    /// The difference of two numbers.
    pub(crate) fn minus(self, other: Self) -> Result<Self, NumberError> {
        let negated = Self {
            negative: !other.negative && other.coefficient != 0,
            ..other
        };
        self.plus(negated)
    }

    /// How many significant digits the number has; zero has one.
    fn digit_count(self) -> usize {
        self.coefficient
            .checked_ilog10()
            .map_or(1, |log| usize::try_from(log).unwrap_or(0) + 1)
    }

    /// The power of ten that the first digit stands at.
    fn magnitude(self) -> i64 {
        i64::try_from(self.digit_count()).unwrap_or(0) - 1 + i64::from(self.exponent)
    }

    /// The bytes that AWS counts for a number: about one for two significant digits, plus one.
    pub(crate) fn size(self) -> usize {
        self.digit_count().div_ceil(2) + 1 + usize::from(self.negative)
    }

    /// The digits, most significant first, of the number's magnitude divided by `10^exponent`.
    fn digits_above(self, exponent: i16) -> Vec<u8> {
        let mut digits: Vec<u8> = self
            .coefficient
            .to_string()
            .bytes()
            .map(|digit| digit - b'0')
            .collect();
        let zeros = usize::try_from(self.exponent.saturating_sub(exponent)).unwrap_or(0);
        digits.resize(digits.len() + zeros, 0);
        digits
    }

    /// Makes a canonical number of digits (most significant first) times `10^exponent`.
    fn from_digits(negative: bool, digits: &[u8], exponent: i64) -> Result<Self, NumberError> {
        let leading = digits.iter().take_while(|digit| **digit == 0).count();
        let trailing = digits.iter().rev().take_while(|digit| **digit == 0).count();
        let Some(significant) = digits.get(leading..digits.len().saturating_sub(trailing)) else {
            return Ok(Self::ZERO);
        };
        if significant.is_empty() {
            return Ok(Self::ZERO);
        }
        let exponent = exponent.saturating_add(i64::try_from(trailing).unwrap_or(i64::MAX));
        let first = exponent
            .saturating_add(i64::try_from(significant.len()).unwrap_or(i64::MAX))
            .saturating_sub(1);
        if first > LARGEST {
            return Err(NumberError::Overflow);
        }
        if first < SMALLEST {
            return Err(NumberError::Underflow);
        }
        if significant.len() > PRECISION {
            return Err(NumberError::Precision);
        }
        let coefficient = significant
            .iter()
            .fold(0_u128, |sum, digit| sum * 10 + u128::from(*digit));
        let exponent = i16::try_from(exponent).map_err(|_| NumberError::Underflow)?;
        Ok(Self {
            negative,
            coefficient,
            exponent,
        })
    }
}

/// Adds two magnitudes.
fn add(left: &[u8], right: &[u8]) -> Vec<u8> {
    let width = left.len().max(right.len()) + 1;
    let mut carry = 0;
    let mut sum: Vec<u8> = digits_from_the_right(left)
        .zip(digits_from_the_right(right))
        .take(width)
        .map(|(left, right)| {
            let digit = left + right + carry;
            carry = digit / 10;
            digit % 10
        })
        .collect();
    sum.reverse();
    sum
}

/// Takes `right` from `left`, which must not be the smaller one.
fn subtract(left: &[u8], right: &[u8]) -> Vec<u8> {
    let width = left.len().max(right.len());
    let mut borrow = 0;
    let mut difference: Vec<u8> = digits_from_the_right(left)
        .zip(digits_from_the_right(right))
        .take(width)
        .map(|(left, right)| {
            let taken = right + borrow;
            borrow = u8::from(left < taken);
            left + 10 * borrow - taken
        })
        .collect();
    difference.reverse();
    difference
}

fn digits_from_the_right(digits: &[u8]) -> impl Iterator<Item = u8> + '_ {
    digits.iter().rev().copied().chain(std::iter::repeat(0))
}

/// Compares two magnitudes that share an exponent. Neither starts with a zero.
fn compare_magnitudes(left: &[u8], right: &[u8]) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.coefficient, number.negative) {
            (0, _) => 0_i8,
            (_, true) => -1,
            (_, false) => 1,
        };
        // Scaled to 38 digits, coefficients of the same magnitude compare as they are.
        let scaled = |number: &Self| {
            let missing = PRECISION.saturating_sub(number.digit_count());
            number.coefficient * 10_u128.pow(u32::try_from(missing).unwrap_or(0))
        };
        sign(self).cmp(&sign(other)).then_with(|| {
            let ordering = self
                .magnitude()
                .cmp(&other.magnitude())
                .then_with(|| scaled(self).cmp(&scaled(other)));
            if self.negative {
                ordering.reverse()
            } else {
                ordering
            }
        })
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        if text.is_empty() {
            return Err(NumberError::Empty);
        }
        let not_numeric = || NumberError::NotNumeric(text.to_owned());
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                (mantissa, parse_exponent(exponent).ok_or_else(not_numeric)?)
            }
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Err(not_numeric());
        }
        let digits: Vec<u8> = digits.iter().map(|digit| digit - b'0').collect();
        let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
        Self::from_digits(negative, &digits, exponent.saturating_sub(places))
    }
}

/// Reads `+12`, `-3` or `4`; what is too large for any number stays too large.
fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    Some(
        sign * digits
            .parse::<i64>()
            .unwrap_or(1_000_000_000)
            .min(1_000_000_000),
    )
}

impl fmt::Display for Number {
    /// Writes the number the way DynamoDB returns it: plain, without an exponent.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.coefficient.to_string();
        let sign = if self.negative { "-" } else { "" };
        let shift = usize::from(self.exponent.unsigned_abs());
        if self.exponent >= 0 {
            return write!(formatter, "{sign}{digits}{}", "0".repeat(shift));
        }
        match digits.len().checked_sub(shift) {
            Some(point) if point > 0 => {
                let (whole, fraction) = digits.split_at(point);
                write!(formatter, "{sign}{whole}.{fraction}")
            }
            _ => write!(formatter, "{sign}0.{digits:0>shift$}"),
        }
    }
}
