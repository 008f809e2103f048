// SPDX-License-Identifier: Apache-2.0
//! Exceptions.

use jiff::civil::Date;

use super::cursor::{Cursor, Errors};
use crate::definition::EXCEPTION;
use crate::model::Exception;

/// One exception. `planned` are the ids of all probes; `None` where they are not all known.
pub(super) fn exception(
    cursor: &Cursor<'_>,
    planned: Option<&[String]>,
    errors: &mut Errors,
) -> Option<Exception> {
    let fields = cursor.fields(errors, &EXCEPTION)?;
    let probe = fields.get("probe").and_then(|cursor| {
        let probe = cursor.string(errors)?;
        match planned {
            Some(planned) if !planned.iter().any(|id| id == probe) => {
                cursor.unknown(errors, "probe", planned.iter().map(String::as_str));
                None
            }
            _ => Some(probe),
        }
    });
    let reason = fields
        .get("reason")
        .and_then(|cursor| cursor.nonblank(errors));
    let owner = fields
        .get("owner")
        .and_then(|cursor| cursor.nonblank(errors));
    let expires = fields
        .get("expires")
        .and_then(|cursor| date(&cursor, errors));
    Some(Exception {
        probe: probe?.to_owned(),
        reason: reason?.to_owned(),
        owner: owner?.to_owned(),
        expires: expires?,
        place: cursor.node.place,
    })
}

fn date(cursor: &Cursor<'_>, errors: &mut Errors) -> Option<Date> {
    let text = cursor.string(errors)?;
    // jiff also takes times, days without dashes and years of six digits.
    let shaped = text.bytes().enumerate().all(|(index, byte)| match index {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let date = text.parse().ok().filter(|_| shaped);
    if date.is_none() {
        let rule = "expected a day of the calendar as `YYYY-MM-DD`, such as `2027-03-31`";
        cursor.malformed(errors, "a date", rule.to_owned());
    }
    date
}
