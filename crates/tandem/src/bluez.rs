//! Reads the bonds of BlueZ's folder, `/var/lib/bluetooth/ADAPTER/DEVICE/info`: ini files with the
//! groups `[General]` (`Name`, `SupportedTechnologies`, `Blocked`) and `[LinkKey]` (`Key`, 32
//! hexadecimal digits in the order of HCI; `Type`, as HCI numbers them), as BlueZ's document on its
//! storage has them.
//!
//! Keys for Bluetooth LE are of no use here. Nothing is written, and BlueZ is not asked.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use stack::{Bond, Name, Volumes};
use wire::Address;

use crate::bonds::{key, key_type};

/// An `info` file is at most so many bytes.
const MAX_FILE: u64 = 64 * 1024;

/// A phone that BlueZ knows.
#[derive(Clone, PartialEq, Debug)]
pub struct Known {
    /// The controller that it was paired with.
    pub local: Address,
    /// The phone.
    pub address: Address,
    /// Its name, empty if BlueZ has none.
    pub name: String,
    /// When BlueZ wrote about it last.
    pub changed: SystemTime,
    /// Its bond, or why there is none that can be used. `last_used` is 0.
    pub bond: Result<Bond, String>,
}

/// Every phone under `folder`, which is BlueZ's or that of one controller in it; those that were
/// written about last come first.
///
/// # Errors
/// The folder that cannot be read, and why.
pub fn find(folder: &Path) -> Result<Vec<Known>, (PathBuf, io::Error)> {
    let mut known = Vec::new();
    let locals = match address_of(folder) {
        Some(local) => vec![(local, folder.to_owned())],
        None => addressed(folder)?,
    };
    for (local, folder) in locals {
        for (address, device) in addressed(&folder)? {
            let file = device.join("info");
            let read = match fs::metadata(&file) {
                // A device that was seen and never known better.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err((file, error)),
                Ok(metadata) if metadata.len() > MAX_FILE => {
                    Ok((metadata, Err(format!("its file is larger than {MAX_FILE} bytes"))))
                }
                Ok(metadata) => fs::read(&file).map(|octets| (metadata, Ok(octets))),
            };
            let (metadata, octets) = read.map_err(|error| (file.clone(), error))?;
            let changed = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let octets = octets.map(|octets| String::from_utf8_lossy(&octets).into_owned());
            let name = octets.as_deref().ok().and_then(|text| value(text, "General", "Name"));
            let name = name.map(unescaped).unwrap_or_default();
            let bond = octets.and_then(|text| bond(&text, local, address, &name));
            known.push(Known { local, address, name, changed, bond });
        }
    }
    known.sort_by_key(|known| (std::cmp::Reverse(known.changed), known.local, known.address));
    Ok(known)
}

/// What lies in `folder` and is named by an address.
fn addressed(folder: &Path) -> Result<Vec<(Address, PathBuf)>, (PathBuf, io::Error)> {
    let fail = |error| (folder.to_owned(), error);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if let Some(address) = address_of(&path) {
            found.push((address, path));
        }
    }
    Ok(found)
}

fn address_of(path: &Path) -> Option<Address> {
    path.file_name()?.to_str()?.parse().ok()
}

fn bond(text: &str, local: Address, address: Address, name: &str) -> Result<Bond, String> {
    if value(text, "General", "Blocked") == Some("true") {
        return Err("is blocked there".into());
    }
    let Some(digits) = value(text, "LinkKey", "Key") else {
        let technologies = value(text, "General", "SupportedTechnologies").unwrap_or_default();
        let le = technologies.split(';').any(|one| one == "LE") || text.contains("LongTermKey]");
        let reason = if le { "has no key but for Bluetooth LE" } else { "is not paired there" };
        return Err(reason.into());
    };
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    let key = key(digits).ok_or("its key is not 32 hexadecimal digits")?;
    let number = value(text, "LinkKey", "Type").ok_or("its key is of no type")?;
    let made = number.parse().ok().and_then(key_type).ok_or_else(|| {
        let what = match number {
            "1" | "2" => " (a unit's key, which others have too)",
            "3" => " (a key for debugging, which everybody knows)",
            "6" => " (a key that was changed, which does not say how it was made)",
            _ => "",
        };
        format!("its key is of type {number}{what}, which is not taken")
    })?;
    let mut short = Name::new();
    // As much of it as fits.
    let _ = name.chars().try_for_each(|letter| short.push(letter));
    let volumes = Volumes::default();
    Ok(Bond { address, local, key, key_type: made, name: short, last_used: 0, volumes })
}

/// The value of a key in a group of an ini file.
fn value<'t>(text: &'t str, group: &str, key: &str) -> Option<&'t str> {
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = name == group;
        } else if inside
            && let Some((found, value)) = line.split_once('=')
            && found.trim_end() == key
        {
            return Some(value.trim_start());
        }
    }
    None
}

/// A text without the escapes that ini files of this kind have.
fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        text.push(match letter {
            '\\' => match letters.next() {
                Some('s') => ' ',
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            letter => letter,
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use stack::KeyType;

    use super::*;

    const LOCAL: &str = "00:1A:7D:DA:71:13";

    fn folder(phones: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (address, info) in phones {
            let device = folder.path().join(LOCAL).join(address);
            fs::create_dir_all(&device).unwrap();
            fs::write(device.join("info"), info).unwrap();
        }
        folder
    }

    const ANNA: &str = "[General]\nName=\\sAnna's\\tphone\nClass=0x5a020c\n\
        SupportedTechnologies=BR/EDR;\nTrusted=true\nBlocked=false\n\n\
        [LinkKey]\nKey=000102030405060708090A0B0C0D0E0F\nType=7\nPINLength=0\n";

    #[test]
    fn a_bond_comes_with_key_type_controller_and_name() {
        let folder = folder(&[("AA:BB:CC:DD:EE:FF", ANNA)]);
        fs::create_dir_all(folder.path().join(LOCAL).join("cache")).unwrap();
        fs::create_dir_all(folder.path().join(LOCAL).join("AA:BB:CC:DD:EE:00")).unwrap();
        fs::write(folder.path().join(LOCAL).join("settings"), "").unwrap();
        let found = find(folder.path()).unwrap();
        let [known] = &found[..] else { panic!("{found:?}") };
        assert_eq!(known.address.to_string(), "AA:BB:CC:DD:EE:FF");
        let bond = known.bond.as_ref().unwrap();
        assert_eq!((bond.address, bond.local), (known.address, LOCAL.parse().unwrap()));
        assert_eq!(bond.key.0, core::array::from_fn(|n| n as u8));
        assert_eq!(bond.key_type, KeyType::UnauthenticatedP256);
        assert_eq!(bond.name.as_str(), " Anna's\tphone");
        // The folder of one controller will do.
        assert_eq!(find(&folder.path().join(LOCAL)).unwrap(), found);
    }

    #[test]
    fn what_is_of_no_use_says_why() {
        let cases = [
            (ANNA.replace("Blocked=false", "Blocked=true"), "blocked"),
            (ANNA.replace("[LinkKey]", "[LongTermKey]"), "but for Bluetooth LE"),
            ("[General]\nSupportedTechnologies=BR/EDR;LE;\n".into(), "but for Bluetooth LE"),
            ("[General]\nName=x\n".into(), "not paired"),
            (String::new(), "not paired"),
            (ANNA.replace("0A0B", "0A0"), "32 hexadecimal"),
            (ANNA.replace("0A0B", "0Ä"), "32 hexadecimal"),
            (ANNA.replace("Type=7", "Type=3"), "for debugging"),
            (ANNA.replace("Type=7", "Type=6"), "type 6"),
            (ANNA.replace("Type=7", "Type=-9"), "type -9"),
            (ANNA.replace("Type=7\n", ""), "of no type"),
            (ANNA.repeat(1 + MAX_FILE as usize / ANNA.len()), "larger"),
        ];
        for (info, reason) in cases {
            let folder = folder(&[("AA:BB:CC:DD:EE:FF", &info)]);
            let found = find(folder.path()).unwrap();
            let why = found[0].bond.as_ref().expect_err(reason);
            assert!(why.contains(reason), "{why}, not {reason}");
        }
    }

    #[test]
    fn a_name_that_is_too_long_is_cut_between_letters() {
        let folder = folder(&[("AA:BB:CC:DD:EE:FF", &ANNA.replace("Anna", &"é".repeat(300)))]);
        let bond = find(folder.path()).unwrap().remove(0).bond.unwrap();
        assert_eq!(bond.name.len(), 247);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let (path, error) = find(Path::new("/nowhere/bluetooth")).unwrap_err();
        assert_eq!((path, error.kind()), ("/nowhere/bluetooth".into(), io::ErrorKind::NotFound));
    }
}
