// SPDX-License-Identifier: Apache-2.0
//! What a plan asks of AWS.
//!
//! [`least()`] counts the calls that a run can't do without; [`Quota`] is what AWS allows an account in
//! a second; [`Pace`] keeps calls to a share of it; [`forecast()`] says how long a run takes. Pure: values
//! in, values out, time too.

#![deny(clippy::wildcard_enum_match_arm)]

mod forecast;
mod least;
mod operation;
mod pace;
mod quota;

pub use forecast::{Bound, Forecast, Terms, forecast};
pub use least::{asks_of_key_alone, least, least_by_account};
pub use operation::Operation;
pub use pace::Pace;
pub use quota::{DEFAULT_SHARE, Quota};
