// SPDX-License-Identifier: Apache-2.0
//! No core dumps, and no reading of this process's memory by others of the same user.

use std::fmt;
use std::io;

/// What the system would not do.
#[derive(Debug)]
pub struct HardenError {
    what: &'static str,
    source: io::Error,
}

impl fmt::Display for HardenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "cannot {}: {}", self.what, self.source)
    }
}

impl std::error::Error for HardenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Lets the system write no core dump of this process, and, on Linux, lets no other process of the same user look
/// into it (`PR_SET_DUMPABLE`). The limit is the hard one: nothing that is started from here gets it back.
///
/// - <https://man7.org/linux/man-pages/man2/setrlimit.2.html>
/// - <https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html>
///
/// # Errors
///
/// Where the system refuses.
#[cfg(unix)]
pub fn harden() -> Result<(), HardenError> {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let refused = |what| {
        move |errno: rustix::io::Errno| HardenError {
            what,
            source: errno.into(),
        }
    };
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none).map_err(refused("turn core dumps off"))?;
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable)
            .map_err(refused("close the process's memory to others"))?;
    }
    Ok(())
}

/// There is nothing to turn off by such calls elsewhere.
///
/// # Errors
///
/// None.
#[cfg(not(unix))]
pub fn harden() -> Result<(), HardenError> {
    Ok(())
}
