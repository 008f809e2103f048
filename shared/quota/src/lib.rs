// SPDX-License-Identifier: Apache-2.0
//! What a plan asks of AWS.
//!
//! [`least()`] counts the calls that a run can't do without; [`Quota`] is what AWS allows an account in
//! a second; [`Pace`] keeps calls to a share of it; [`forecast()`] says how long a run takes, and
//! [`at_once()`] how many parts of one may be under way beside each other. Pure: values in, values out, time
//! too.

#![deny(clippy::wildcard_enum_match_arm)]

mod at_once;
mod forecast;
mod least;
mod operation;
mod pace;
mod quota;

pub use at_once::at_once;
pub use forecast::{Bound, Forecast, Terms, forecast};
pub use least::{asks_of_key_alone, key_asked, least, least_by_account};
pub use operation::Operation;
pub use pace::Pace;
pub use quota::{DEFAULT_SHARE, Quota};
