//! Bonds on disk: a folder with one TOML file a phone, readable by its owner alone.
//!
//! A file is written beside its final name, synced, renamed over it, and the folder synced: after a
//! crash at any moment each bond is the old one or the new one. A file that cannot be read or
//! understood costs that bond alone; it is left where it is and named, and before a new bond takes
//! its name it is kept with the ending `.kept`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fs4::FileExt;
use stack::{Bond, KeyType, LinkKey, MAX_BONDS, Name, Volumes};
use toml::{Table, Value};
use wire::Address;

/// The version of the files that are written; a newer one is not read.
const VERSION: i64 = 1;
/// What the name of a file begins with that is not written yet.
const UNFINISHED: &str = ".bond";
/// How loud its phone is heard, in percent.
const VOLUMES: [&str; 2] = ["volume_media", "volume_call"];
/// A bond's file is at most so many bytes.
const MAX_FILE: u64 = 4096;

/// The folder of bonds, held by one process at a time.
#[derive(Debug)]
pub struct BondStore {
    folder: PathBuf,
    _lock: File,
}

/// Why a store could not be opened.
#[derive(Debug)]
pub enum StoreError {
    /// Another process holds the folder.
    Held(PathBuf),
    /// The folder cannot be used.
    Io(PathBuf, io::Error),
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StoreError::Held(folder) => write!(
                f,
                "{}: another receiver keeps its bonds here; give this one a state_dir of its own",
                folder.display()
            ),
            StoreError::Io(path, error) => {
                write!(
                    f,
                    "{}: {error}; set state_dir to a folder that can be written",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for StoreError {}

/// A file that is no bond, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

impl BondStore {
    /// Opens the folder `bonds` under the state folder, making both as needed.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        let folder = state.join("bonds");
        let io = |path: &Path| {
            let path = path.to_path_buf();
            move |error| StoreError::Io(path, error)
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(io(&folder))?;
        let path = state.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(io(&path))?;
        match FileExt::try_lock(&lock) {
            Ok(()) => {
                hand_over(&path, state).map_err(io(&path))?;
                hand_over(&folder, state).map_err(io(&folder))?;
                let store = BondStore { folder, _lock: lock };
                store.tidy();
                Ok(store)
            }
            Err(fs4::TryLockError::WouldBlock) => Err(StoreError::Held(state.into())),
            Err(fs4::TryLockError::Error(error)) => Err(StoreError::Io(path, error)),
        }
    }

    /// Deletes what a process left that was killed while it wrote.
    fn tidy(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                // It takes room, that is all.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Every bond, those used last first, at most [`MAX_BONDS`]; and the files that are none.
    pub fn load(&self) -> io::Result<(Vec<Bond>, Vec<Damaged>)> {
        let (mut bonds, mut damaged) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(&self.folder)? {
            let file = entry?.path();
            if file.extension().is_none_or(|ending| ending != "toml") {
                continue;
            }
            match read(&file) {
                Ok(bond) if file == self.file(bond.address) => bonds.push(bond),
                Ok(bond) => damaged.push(Damaged {
                    file,
                    reason: format!("is the bond of {}, which has a file of its own", bond.address),
                }),
                Err(reason) => damaged.push(Damaged { file, reason }),
            }
        }
        bonds.sort_by_key(|bond| std::cmp::Reverse(bond.last_used));
        bonds.truncate(MAX_BONDS);
        damaged.sort_by(|a, b| a.file.cmp(&b.file));
        Ok((bonds, damaged))
    }

    /// Writes a bond; when this returns, it survives a power cut.
    pub fn store(&self, bond: &Bond) -> io::Result<()> {
        let file = self.file(bond.address);
        if file.exists() && read(&file).is_err() {
            fs::rename(&file, file.with_extension("toml.kept"))?;
        }
        let mut fresh = tempfile::Builder::new()
            .permissions(fs::Permissions::from_mode(0o600))
            .prefix(UNFINISHED)
            .tempfile_in(&self.folder)?;
        fresh.write_all(print(bond).as_bytes())?;
        fresh.as_file().sync_all()?;
        hand_over(fresh.path(), &self.folder)?;
        fresh.persist(&file).map_err(|error| error.error)?;
        File::open(&self.folder)?.sync_all()
    }

    /// When a phone's bond was written last, if there is one.
    pub fn changed(&self, phone: Address) -> Option<SystemTime> {
        fs::metadata(self.file(phone)).and_then(|file| file.modified()).ok()
    }

    /// Deletes a phone's bond, if there is one.
    pub fn erase(&self, phone: Address) -> io::Result<()> {
        match fs::remove_file(self.file(phone)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => File::open(&self.folder)?.sync_all(),
        }
    }

    fn file(&self, phone: Address) -> PathBuf {
        self.folder.join(format!("{}.toml", phone.to_string().replace(':', "-")))
    }
}

/// Gives a file the owner of a folder: root may have made it for somebody else's daemon.
fn hand_over(file: &Path, folder: &Path) -> io::Result<()> {
    let (owner, own) = (fs::metadata(folder)?, fs::metadata(file)?);
    if own.uid() == owner.uid() || own.uid() != 0 {
        return Ok(());
    }
    chown(file, Some(owner.uid()), Some(owner.gid()))
}

fn print(bond: &Bond) -> String {
    let hex: String = bond.key.0.iter().map(|octet| format!("{octet:02x}")).collect();
    let mut table = Table::new();
    let mut put = |key: &str, value: Value| table.insert(key.into(), value);
    put("version", Value::Integer(VERSION));
    put("address", Value::String(bond.address.to_string()));
    put("local", Value::String(bond.local.to_string()));
    put("key", Value::String(hex));
    put("key_type", Value::Integer(bond.key_type as i64));
    put("name", Value::String(bond.name.as_str().into()));
    put("last_used", Value::Integer(i64::try_from(bond.last_used).unwrap_or(i64::MAX)));
    for (key, percent) in VOLUMES.into_iter().zip([bond.volumes.media, bond.volumes.call]) {
        percent.into_iter().for_each(|percent| drop(put(key, Value::Integer(percent.into()))));
    }
    table.to_string()
}

fn read(file: &Path) -> Result<Bond, String> {
    let size = fs::metadata(file).map_err(|e| e.to_string())?.len();
    if size > MAX_FILE {
        return Err(format!("is larger than {MAX_FILE} bytes"));
    }
    let text = fs::read_to_string(file).map_err(|e| e.to_string())?;
    let table: Table = text.parse().map_err(|e: toml::de::Error| e.message().to_string())?;
    let whole = |key: &str| {
        table.get(key).and_then(Value::as_integer).ok_or_else(|| format!("{key} is missing"))
    };
    let text = |key: &str| {
        table.get(key).and_then(Value::as_str).ok_or_else(|| format!("{key} is missing"))
    };
    let address =
        |key: &str| text(key)?.parse::<Address>().map_err(|error| format!("{key}: {error}"));
    // Without one, or with one that is none, it begins anew.
    let [media, call] = VOLUMES.map(|key| {
        let percent = table.get(key).and_then(Value::as_integer);
        percent.and_then(|percent| u8::try_from(percent).ok()).filter(|percent| *percent <= 100)
    });
    match whole("version")? {
        VERSION => {}
        version => return Err(format!("is of version {version}; this program reads {VERSION}")),
    }
    Ok(Bond {
        address: address("address")?,
        local: address("local")?,
        key: key(text("key")?).ok_or("key must be 32 hexadecimal digits")?,
        key_type: key_type(whole("key_type")?).ok_or("key_type is unknown")?,
        name: Name::try_from(text("name")?).map_err(|_| "name is too long")?,
        last_used: u64::try_from(whole("last_used")?).map_err(|_| "last_used is negative")?,
        volumes: Volumes { media, call },
    })
}

pub(crate) fn key(hex: &str) -> Option<LinkKey> {
    let mut key = LinkKey([0; 16]);
    if hex.len() != 32 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (n, octet) in key.0.iter_mut().enumerate() {
        *octet = u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).ok()?;
    }
    Some(key)
}

pub(crate) fn key_type(number: i64) -> Option<KeyType> {
    use KeyType::{
        AuthenticatedP192, AuthenticatedP256, Combination, UnauthenticatedP192, UnauthenticatedP256,
    };
    [Combination, UnauthenticatedP192, AuthenticatedP192, UnauthenticatedP256, AuthenticatedP256]
        .into_iter()
        .find(|kind| *kind as i64 == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bond(n: u8) -> Bond {
        Bond {
            address: Address([n, 2, 3, 4, 5, 6]),
            local: Address([9; 6]),
            key: LinkKey([n; 16]),
            key_type: KeyType::UnauthenticatedP256,
            name: Name::try_from("Änne's \"phone\"\n").unwrap(),
            last_used: u64::from(n),
            volumes: Volumes { media: Some(n), call: None },
        }
    }

    #[test]
    fn what_is_stored_comes_back_newest_first() {
        let state = tempfile::tempdir().unwrap();
        let store = BondStore::open(state.path()).unwrap();
        store.store(&bond(1)).unwrap();
        store.store(&bond(2)).unwrap();
        store.store(&bond(1)).unwrap();
        assert_eq!(store.load().unwrap(), (vec![bond(2), bond(1)], vec![]));
        let mode = fs::metadata(store.file(bond(1).address)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        store.erase(bond(2).address).unwrap();
        store.erase(bond(2).address).unwrap();
        assert_eq!(store.load().unwrap().0, vec![bond(1)]);
    }

    #[test]
    fn a_damaged_file_costs_that_bond_alone_and_is_kept() {
        let state = tempfile::tempdir().unwrap();
        let store = BondStore::open(state.path()).unwrap();
        store.store(&bond(1)).unwrap();
        store.store(&bond(2)).unwrap();
        let file = store.file(bond(2).address);
        let whole = fs::read_to_string(&file).unwrap();
        for cut in 0..whole.len() {
            if !whole.is_char_boundary(cut) {
                continue;
            }
            fs::write(&file, &whole[..cut]).unwrap();
            let (bonds, damaged) = store.load().unwrap();
            assert!(bonds.contains(&bond(1)));
            assert_eq!(bonds.len() + damaged.len(), 2, "cut at {cut}");
        }
        fs::write(&file, whole.replace("version = 1", "version = 2")).unwrap();
        let (_, damaged) = store.load().unwrap();
        assert!(damaged[0].reason.contains("version 2"), "{damaged:?}");
        store.store(&bond(2)).unwrap();
        assert!(file.with_extension("toml.kept").exists());
        assert_eq!(store.load().unwrap().0.len(), 2);
    }

    #[test]
    fn a_copy_is_no_second_bond_and_what_a_crash_left_is_swept_up() {
        let state = tempfile::tempdir().unwrap();
        let store = BondStore::open(state.path()).unwrap();
        store.store(&bond(1)).unwrap();
        fs::copy(store.file(bond(1).address), store.folder.join("copy.toml")).unwrap();
        let left = store.folder.join(".bondX1");
        fs::write(&left, "vers").unwrap();
        drop(store);
        let store = BondStore::open(state.path()).unwrap();
        assert!(!left.exists());
        let (bonds, damaged) = store.load().unwrap();
        assert_eq!((bonds, damaged.len()), (vec![bond(1)], 1));
    }

    #[test]
    fn what_root_writes_belongs_to_whom_the_folder_belongs_to() {
        let state = tempfile::tempdir().unwrap();
        if chown(state.path(), Some(12_345), Some(12_345)).is_err() {
            // Only root can.
            return;
        }
        let store = BondStore::open(state.path()).unwrap();
        store.store(&bond(1)).unwrap();
        let file = store.file(bond(1).address);
        for path in [&file, &store.folder, &state.path().join("lock")] {
            assert_eq!(fs::metadata(path).unwrap().uid(), 12_345, "{}", path.display());
        }
    }

    #[test]
    fn two_receivers_do_not_share_a_folder() {
        let state = tempfile::tempdir().unwrap();
        let _held = BondStore::open(state.path()).unwrap();
        assert!(matches!(BondStore::open(state.path()), Err(StoreError::Held(_))));
    }
}
