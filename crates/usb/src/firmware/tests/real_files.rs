//! Files that vendors ship, as far as they are on this machine: none comes with this crate.

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::firmware::file::{
    Bseq, Ddc, Engine, Epatch, Hcd, MediaTekPatch, PatchHeader, QualcommFile, RealtekConfig, Sfi,
};

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
}

/// What is in a file, or nothing if it is none of ours.
fn content(name: &str, bytes: &[u8]) -> Option<String> {
    Some(match name {
        "rtl8723a_fw.bin" => format!("whole: {}", !Epatch::is_one(bytes)),
        _ if name.starts_with("rtl") && name.contains("_fw") => {
            let epatch = Epatch::parse(bytes).expect(name);
            let roms = (0..=8).filter(|rom| epatch.patch(*rom, 0).is_ok()).collect::<Vec<_>>();
            assert!(!roms.is_empty(), "{name}");
            format!("project {} version {} ROMs {roms:?}", epatch.project(), epatch.version())
        }
        _ if name.starts_with("rtl") && name.contains("_config") => {
            format!("{} bytes", RealtekConfig::parse(bytes).expect(name).bytes().len())
        }
        _ if name.ends_with(".sfi") => {
            let newer = Sfi::parse(bytes, Engine::Ecdsa);
            let sfi = newer.or_else(|_| Sfi::parse(bytes, Engine::RsaOnly)).expect(name);
            format!("ECDSA {} {:x?} {} fragments", newer.is_ok(), sfi.boot, sfi.fragments().count())
        }
        _ if name.ends_with(".ddc") => {
            format!("{} settings", Ddc::parse(bytes).expect(name).settings().count())
        }
        _ if name.ends_with(".bseq") => {
            let bseq = Bseq::parse(bytes).expect(name);
            format!("{} exchanges, patch {}", bseq.exchanges().count(), bseq.has_patch())
        }
        _ if name.ends_with(".hcd") => {
            format!("{} commands", Hcd::parse(bytes).expect(name).commands().count())
        }
        _ if name.starts_with("BT_RAM_CODE") => {
            let patch = MediaTekPatch::parse(bytes).expect(name);
            format!("{} {} sections", patch.date(), patch.sections().count())
        }
        _ if name.starts_with("nvm_usb_") => {
            format!("{} bytes", QualcommFile::settings(bytes).expect(name).body.len())
        }
        _ if name.starts_with("rampatch_usb_") => {
            let rom = u32::from_str_radix(&name[13..21], 16).unwrap();
            let header = PatchHeader { length: if rom > 0xffff { 40 } else { 28 }, versions: 16 };
            let patch = QualcommFile::patch(bytes, header, rom);
            format!("version {:04x?}", patch.map(|(_, version)| version))
        }
        _ => return None,
    })
}

#[test]
#[ignore = "reads the firmware files in TANDEM_FIRMWARE, or in /lib/firmware"]
fn are_read() {
    let folder = env::var_os("TANDEM_FIRMWARE").unwrap_or_else(|| "/lib/firmware".into());
    let mut read = 0;
    for path in below(Path::new(&folder)) {
        let name = path.file_name().unwrap().to_string_lossy();
        if let Some(content) = content(&name, &fs::read(&path).unwrap()) {
            println!("{name}: {content}");
            read += 1;
        }
    }
    assert!(read > 0, "none in {folder:?}");
}
