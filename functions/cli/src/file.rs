// SPDX-License-Identifier: Apache-2.0
//! Files that are there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::input::directory;

/// Writes a file so that nobody ever sees half of it: beside it first, then in its place. A link is
/// followed and an existing file's permissions are kept. What is no regular file (a pipe, a device)
/// can't be replaced, and is written to as it is.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with(path, |out| out.write_all(bytes))
}

/// The same for what is nobody else's business: a new file is its owner's alone.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, Access::Owner, |out| out.write_all(bytes))
}

/// The same of what a function writes.
pub(crate) fn write_with(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    replace(path, Access::Usual, content)
}

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// Whoever the process's mask leaves.
    Usual,
    /// Its owner alone.
    Owner,
}

fn replace(
    path: &Path,
    access: Access,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let target = match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(ErrorKind::IsADirectory.into()),
        Ok(found) if !found.is_file() => {
            let mut out = BufWriter::new(OpenOptions::new().write(true).open(path)?);
            return content(&mut out).and_then(|()| out.flush());
        }
        Ok(found) => (fs::canonicalize(path)?, Some(found.permissions())),
        Err(error) if error.kind() == ErrorKind::NotFound => (path.to_owned(), None),
        Err(error) => return Err(error),
    };
    let (target, permissions) = target;
    // One that is to be as private as the file in whose place it comes is private at once.
    let access = permissions.as_ref().map_or(access, |_| Access::Owner);
    let (beside, file) = beside(&target, access)?;
    let written = fill(file, content, permissions).and_then(|()| fs::rename(&beside, &target));
    if written.is_err() {
        // The reason for the failure is worth more than that of the clean-up.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn fill(
    file: File,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    permissions: Option<fs::Permissions>,
) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    content(&mut out)?;
    let file = out.into_inner()?;
    if let Some(permissions) = permissions {
        file.set_permissions(permissions)?;
    }
    // A rename may reach the disk before the bytes do.
    file.sync_all()
}

/// A new file in the target's directory, which nobody else has opened.
fn beside(target: &Path, access: Access) -> io::Result<(PathBuf, File)> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let process = std::process::id();
    let mut attempt = 0_u32;
    loop {
        let path = directory(target).join(format!(".{name}.{process}-{attempt}.tmp"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if access == Access::Owner {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        match options.open(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && attempt < 100 => attempt += 1,
            opened => return opened.map(|file| (path, file)),
        }
    }
}
