// SPDX-License-Identifier: Apache-2.0
//! What an address asks for. A view is its address, so that it can be sent to a colleague.

use std::fmt::Write as _;

use jiff::Timestamp;
use keyproof_report::Standing;

/// Rows on a page.
pub(crate) const ROWS: usize = 100;

/// A path and what it is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) plan: String,
    pub(crate) probe: String,
    pub(crate) run: String,
    pub(crate) text: String,
    pub(crate) principal: String,
    pub(crate) table: String,
    pub(crate) standing: Option<Standing>,
    pub(crate) changed: bool,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) page: usize,
}

impl Query {
    /// Reads the part of an address behind `?`. What is not known is passed over: an old address still
    /// shows something.
    pub(crate) fn parse(text: &str) -> Self {
        let mut query = Self::default();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let value = value.into_owned();
            match &*name {
                "plan" => query.plan = value,
                "probe" => query.probe = value,
                "run" => query.run = value,
                "q" => query.text = value,
                "principal" => query.principal = value,
                "table" => query.table = value,
                "standing" => {
                    query.standing = Standing::ALL
                        .into_iter()
                        .find(|standing| standing.as_str() == value);
                }
                "changed" => query.changed = value == "1",
                "from" => query.from = value,
                "to" => query.to = value,
                "page" => query.page = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        query
    }

    /// The address of this view below a path.
    pub(crate) fn address(&self, path: &str) -> String {
        let mut out = form_urlencoded::Serializer::new(String::new());
        let texts = [
            ("plan", &self.plan),
            ("probe", &self.probe),
            ("run", &self.run),
            ("q", &self.text),
            ("principal", &self.principal),
            ("table", &self.table),
            ("from", &self.from),
            ("to", &self.to),
        ];
        for (name, value) in texts {
            if !value.is_empty() {
                out.append_pair(name, value);
            }
        }
        if let Some(standing) = self.standing {
            out.append_pair("standing", standing.as_str());
        }
        if self.changed {
            out.append_pair("changed", "1");
        }
        if self.page > 0 {
            out.append_pair("page", &self.page.to_string());
        }
        let mut address = path.to_owned();
        let query = out.finish();
        if !query.is_empty() {
            // Writing to a string can't fail.
            let _ = write!(address, "?{query}");
        }
        address
    }

    /// The address of a plan's page.
    pub(crate) fn of_plan(plan: &str) -> Self {
        Self {
            plan: plan.to_owned(),
            ..Self::default()
        }
    }

    /// The period, as far as it is given and can be read: a date is its midnight in UTC.
    pub(crate) fn period(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        (moment(&self.from), moment(&self.to))
    }
}

fn moment(text: &str) -> Option<Timestamp> {
    let midnight = format!("{text}T00:00:00Z");
    text.parse().ok().or_else(|| midnight.parse().ok())
}
