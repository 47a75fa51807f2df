//! `tandem import-bonds`: takes over the bonds that BlueZ has, so that phones need not pair again.
//!
//! A key belongs to the controller that it was made on: the phones come back by themselves where Tandem
//! drives the same dongle.

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tandem::bluez::{self, Known};
use tandem::bonds::{BondStore, StoreError};
use tandem::{Address, Bond, Config};

use crate::failure::Failure;
use crate::phone::clean;

pub(crate) fn run(
    folder: &Path,
    state: Option<PathBuf>,
    replace: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let found = bluez::find(folder).map_err(|(path, error)| {
        let hint = match error.kind() {
            io::ErrorKind::PermissionDenied => "; BlueZ's folder is for root alone",
            _ => "",
        };
        Failure::Failed(format!("{}: {error}{hint}", path.display()))
    })?;
    if found.is_empty() {
        let text = format!("{}: holds no phone (ADAPTER/DEVICE/info)", folder.display());
        return Err(Failure::Failed(text));
    }
    let config = Config { state_dir: state, ..Config::default() };
    let state = config.state_folder().ok_or_else(|| {
        Failure::Usage("where bonds are kept is not known; give --state-dir".into())
    })?;
    let store = BondStore::open(&state).map_err(|error| match error {
        StoreError::Held(state) => {
            Failure::Failed(format!("{}: a daemon runs here; stop it first", state.display()))
        }
        error => Failure::Failed(error.to_string()),
    })?;
    let failed = |error: io::Error| Failure::Failed(format!("{}: {error}", state.display()));
    let (here, _) = store.load().map_err(failed)?;
    let (mut taken, mut imported, mut kept, mut skipped) = (HashSet::new(), 0, 0, 0);
    for (n, known) in found.iter().enumerate() {
        // Those that BlueZ wrote about last come first.
        let last_used = (found.len() - 1 - n) as u64;
        let what = match verdict(known, &store, &here, &taken, replace) {
            Verdict::Import(bond) => {
                store.store(&Bond { last_used, ..bond.clone() }).map_err(failed)?;
                taken.insert(known.address);
                imported += 1;
                "imported".into()
            }
            Verdict::Keep(reason) => {
                kept += 1;
                format!("kept as it is: {reason}")
            }
            Verdict::Skip(reason) => {
                skipped += 1;
                format!("skipped: {reason}")
            }
        };
        let name = clean(&known.name);
        let name = if name.is_empty() { name } else { format!(" ({name})") };
        writeln!(out, "{}{name} on {}: {what}", known.address, known.local)?;
    }
    writeln!(out, "{imported} imported, {kept} kept, {skipped} skipped")?;
    Ok(())
}

/// What becomes of a phone that BlueZ knows.
enum Verdict<'k> {
    Import(&'k Bond),
    Keep(&'static str),
    Skip(&'k str),
}

fn verdict<'k>(
    known: &'k Known,
    store: &BondStore,
    here: &[Bond],
    taken: &HashSet<Address>,
    replace: bool,
) -> Verdict<'k> {
    let bond = match &known.bond {
        Ok(bond) => bond,
        Err(reason) => return Verdict::Skip(reason),
    };
    // A phone has one bond here, BlueZ one for each controller.
    if taken.contains(&known.address) {
        return Verdict::Skip("its bond with another controller was used later");
    }
    let old = here.iter().find(|old| old.address == known.address);
    let same = |old: &Bond| (old.local, &old.key) == (bond.local, &bond.key);
    match (old, store.changed(known.address)) {
        (Some(old), _) if same(old) => Verdict::Keep("it is this bond"),
        (Some(_), Some(changed)) if changed > known.changed && !replace => {
            Verdict::Keep("the bond here is newer (--replace takes BlueZ's)")
        }
        _ => Verdict::Import(bond),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, SystemTime};

    use super::*;

    const LOCAL: &str = "00:1A:7D:DA:71:13";
    const OTHER: &str = "00:1A:7D:DA:71:14";
    const ANNA: &str = "AA:BB:CC:DD:EE:01";
    const BERT: &str = "AA:BB:CC:DD:EE:02";

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Place {
            Place(tempfile::tempdir().unwrap())
        }

        /// BlueZ wrote about a phone `ago` seconds ago.
        fn phone(&self, local: &str, phone: &str, key: u8, ago: u64) {
            let folder = self.0.path().join("bluetooth").join(local).join(phone);
            fs::create_dir_all(&folder).unwrap();
            let key = format!("{key:02X}").repeat(16);
            let info = format!("[General]\nName=Phone {phone}\n\n[LinkKey]\nKey={key}\nType=4\n");
            let file = folder.join("info");
            fs::write(&file, info).unwrap();
            let file = fs::File::options().write(true).open(file).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(ago)).unwrap();
        }

        fn import(&self, replace: bool) -> Result<String, Failure> {
            let mut out = Vec::new();
            let state = self.0.path().join("state");
            run(&self.0.path().join("bluetooth"), Some(state), replace, &mut out)?;
            Ok(String::from_utf8(out).unwrap())
        }

        fn bonds(&self) -> Vec<(String, String, u8)> {
            let store = BondStore::open(&self.0.path().join("state")).unwrap();
            let bonds = store.load().unwrap().0;
            bonds
                .into_iter()
                .map(|b| (b.address.to_string(), b.local.to_string(), b.key.0[0]))
                .collect()
        }
    }

    fn bond(phone: &str, local: &str, key: u8) -> (String, String, u8) {
        (phone.into(), local.into(), key)
    }

    #[test]
    fn phones_come_in_the_order_in_which_bluez_used_them() {
        let place = Place::new();
        place.phone(LOCAL, BERT, 2, 50);
        place.phone(LOCAL, ANNA, 1, 5);
        let out = place.import(false).unwrap();
        assert_eq!(
            out,
            format!(
                "{ANNA} (Phone {ANNA}) on {LOCAL}: imported\n\
                 {BERT} (Phone {BERT}) on {LOCAL}: imported\n\
                 2 imported, 0 kept, 0 skipped\n"
            )
        );
        assert_eq!(place.bonds(), [bond(ANNA, LOCAL, 1), bond(BERT, LOCAL, 2)]);
        let again = place.import(true).unwrap();
        assert!(again.ends_with("0 imported, 2 kept, 0 skipped\n"), "{again}");
    }

    #[test]
    fn a_newer_bond_stays_unless_it_is_to_be_replaced() {
        let place = Place::new();
        place.phone(LOCAL, ANNA, 1, 50);
        place.import(false).unwrap();
        place.phone(LOCAL, ANNA, 9, 50);
        let out = place.import(false).unwrap();
        assert!(out.contains("kept as it is: the bond here is newer"), "{out}");
        assert_eq!(place.bonds(), [bond(ANNA, LOCAL, 1)]);
        place.import(true).unwrap();
        assert_eq!(place.bonds(), [bond(ANNA, LOCAL, 9)]);
        // BlueZ paired it again since.
        place.phone(LOCAL, ANNA, 7, 0);
        let file = place.0.path().join("state/bonds/AA-BB-CC-DD-EE-01.toml");
        let file = fs::File::options().write(true).open(file).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(9)).unwrap();
        place.import(false).unwrap();
        assert_eq!(place.bonds(), [bond(ANNA, LOCAL, 7)]);
    }

    #[test]
    fn of_two_controllers_the_one_used_later_counts() {
        let place = Place::new();
        place.phone(LOCAL, ANNA, 1, 50);
        place.phone(OTHER, ANNA, 2, 5);
        let out = place.import(true).unwrap();
        assert!(out.contains(&format!("on {LOCAL}: skipped: its bond with another")), "{out}");
        assert_eq!(place.bonds(), [bond(ANNA, OTHER, 2)]);
    }

    #[test]
    fn mistakes_are_named() {
        let place = Place::new();
        let failure = place.import(false).unwrap_err();
        assert_eq!(failure.code(), 1);
        assert!(failure.to_string().contains("bluetooth"), "{failure}");
        fs::create_dir_all(place.0.path().join("bluetooth").join(LOCAL)).unwrap();
        let failure = place.import(false).unwrap_err();
        assert!(failure.to_string().contains("holds no phone"), "{failure}");
        place.phone(LOCAL, ANNA, 1, 50);
        let _held = BondStore::open(&place.0.path().join("state")).unwrap();
        let failure = place.import(false).unwrap_err();
        assert!(failure.to_string().contains("stop it first"), "{failure}");
    }
}
