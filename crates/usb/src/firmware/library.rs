//! Where firmware files are, and reading them: the one place of this module that touches the disk.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use super::FILE_LIMIT;

/// What was found of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It, whole.
    Plain(Vec<u8>),
    /// It is there, but of no use; why, and what to do.
    Useless(String),
    /// It is not there.
    Missing,
}

/// Folders that hold firmware files, as the kernel's drivers name them.
#[derive(Debug, Clone)]
pub struct Library {
    folders: Vec<PathBuf>,
}

impl Library {
    pub(super) const TOO_LONG: &str = "is longer than any firmware";

    /// The system's.
    pub fn system() -> Library {
        Library::of(["/lib/firmware/updates", "/lib/firmware", "/usr/lib/firmware"])
    }

    /// These folders', in this order.
    pub fn of<P: Into<PathBuf>>(folders: impl IntoIterator<Item = P>) -> Library {
        Library { folders: folders.into_iter().map(Into::into).collect() }
    }

    /// Looks for a file. Those that are compressed are found, and of no use: nothing here can unpack
    /// them. At most [`FILE_LIMIT`] bytes are read. It blocks for as long as the disk takes.
    pub fn find(&self, name: &str) -> Found {
        let inside = |part| matches!(part, Component::Normal(_));
        if !Path::new(name).components().all(inside) {
            return Found::Missing;
        }
        if let Some(path) = self.path(name) {
            return read(&path);
        }
        for (suffix, tool) in [("xz", "xz -dk"), ("zst", "zstd -dk")] {
            if let Some(path) = self.path(&format!("{name}.{suffix}")) {
                let why = format!(
                    "is there only as {}, and compressed firmware is not supported: \
                     unpack it beside itself with `{tool} {0}`",
                    path.display(),
                );
                return Found::Useless(why);
            }
        }
        Found::Missing
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        // `is_file` looks behind symbolic links, and keeps us from opening a pipe.
        self.folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file())
    }
}

fn read(path: &Path) -> Found {
    let useless =
        |why: &dyn std::fmt::Display| Found::Useless(format!("{}: {why}", path.display()));
    if fs::metadata(path).is_ok_and(|it| it.len() > FILE_LIMIT as u64) {
        return useless(&Library::TOO_LONG);
    }
    let mut bytes = Vec::new();
    let file = File::open(path);
    match file.and_then(|file| file.take(FILE_LIMIT as u64 + 1).read_to_end(&mut bytes)) {
        Ok(length) if length > FILE_LIMIT => useless(&Library::TOO_LONG),
        Ok(_) => Found::Plain(bytes),
        Err(error) => useless(&error),
    }
}
