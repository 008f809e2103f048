// SPDX-License-Identifier: Apache-2.0
//! What is new and what is gone since the plans of before.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use keyproof_inventory::{Expansion, compare};
use keyproof_plan::Plan;

use super::Arguments;
use crate::error::CliError;
use crate::input::Source;
use crate::io::Io;

/// The plans of before.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    /// By their names; `None` where none was named.
    plans: Option<BTreeMap<String, Plan>>,
    /// Whether one file was named, whose plan is the one of before whatever it is called.
    is_file: bool,
}

/// Reads them before anybody is asked, so that nothing is asked in vain.
pub(super) fn read(arguments: &Arguments, io: &mut Io) -> Result<Earlier, CliError> {
    let Some(path) = &arguments.against else {
        return Ok(Earlier::default());
    };
    if !path.is_dir() {
        let plan = Source::File(path.clone()).plan(io)?;
        let plans = Some([(plan.name.clone(), plan)].into());
        let is_file = true;
        return Ok(Earlier { plans, is_file });
    }
    let files = plans(path).map_err(|source| CliError::Unreadable {
        name: path.display().to_string(),
        source,
    })?;
    let mut plans = BTreeMap::new();
    for file in files {
        let plan = Source::File(file).plan(io)?;
        plans.insert(plan.name.clone(), plan);
    }
    Ok(Earlier {
        plans: Some(plans),
        is_file: false,
    })
}

/// The files of plans in a folder, in order.
pub(super) fn plans(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_plan =
            |ending: &std::ffi::OsStr| ending == "yaml" || ending == "yml" || ending == "json";
        if path.extension().is_some_and(is_plan) {
            found.push(path);
        }
    }
    found.sort_unstable();
    Ok(found)
}

impl Earlier {
    /// Tells what is new and what is gone; whether a probe is gone.
    pub(super) fn tell(self, expansion: &Expansion, io: &mut Io) -> bool {
        let Some(mut plans) = self.plans else {
            return false;
        };
        let mut shrinks = false;
        for one in &expansion.plans {
            let name = &one.plan.name;
            let before = if self.is_file && expansion.plans.len() == 1 {
                plans.pop_first().map(|(_, plan)| plan)
            } else {
                plans.remove(name)
            };
            let Some(before) = before else {
                io.stderr.say(format_args!("{name}: a new plan"));
                continue;
            };
            let difference = compare(&before, &one.plan);
            shrinks |= difference.shrinks();
            if difference.is_none() {
                io.stderr
                    .say(format_args!("{name}: asks what it asked before"));
            } else {
                io.stderr
                    .say(format_args!("{name}: since before\n{difference}"));
            }
        }
        for (name, plan) in &plans {
            shrinks = true;
            let planned = plan.planned();
            io.stderr
                .say(format_args!("{name}: is gone, with {planned} probes"));
        }
        shrinks
    }
}
