//! Reads the firmware files in a folder (`/lib/firmware` if none is given) as the driver would, and says
//! what is in each: `cargo run -p tandem-usb --example firmware -- FOLDER`. Vendors ship them; none comes
//! with this crate.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use tandem_usb::firmware::file::{
    Bseq, Ddc, Engine, Epatch, Hcd, MediaTekPatch, PatchHeader, QualcommFile, RealtekConfig, Sfi,
};

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
}

/// What is in a file, or nothing if it is none of ours.
fn content(name: &str, bytes: &[u8]) -> Result<Option<String>, Box<dyn Error>> {
    Ok(Some(match name {
        "rtl8723a_fw.bin" => format!("whole: {}", !Epatch::is_one(bytes)),
        _ if name.starts_with("rtl") && name.contains("_fw") => {
            let epatch = Epatch::parse(bytes)?;
            let roms = (0..=8).filter(|rom| epatch.patch(*rom, 0).is_ok()).collect::<Vec<_>>();
            if roms.is_empty() {
                return Err("no patch for any ROM".into());
            }
            format!("project {} version {} ROMs {roms:?}", epatch.project(), epatch.version())
        }
        _ if name.starts_with("rtl") && name.contains("_config") => {
            format!("{} bytes", RealtekConfig::parse(bytes)?.bytes().len())
        }
        _ if name.ends_with(".sfi") => {
            let newer = Sfi::parse(bytes, Engine::Ecdsa);
            let sfi = newer.or_else(|_| Sfi::parse(bytes, Engine::RsaOnly))?;
            format!("ECDSA {} {:x?} {} fragments", newer.is_ok(), sfi.boot, sfi.fragments().count())
        }
        _ if name.ends_with(".ddc") => {
            format!("{} settings", Ddc::parse(bytes)?.settings().count())
        }
        _ if name.ends_with(".bseq") => {
            let bseq = Bseq::parse(bytes)?;
            format!("{} exchanges, patch {}", bseq.exchanges().count(), bseq.has_patch())
        }
        _ if name.ends_with(".hcd") => {
            format!("{} commands", Hcd::parse(bytes)?.commands().count())
        }
        _ if name.starts_with("BT_RAM_CODE") => {
            let patch = MediaTekPatch::parse(bytes)?;
            format!("{} {} sections", patch.date(), patch.sections().count())
        }
        _ if name.starts_with("nvm_usb_") => {
            format!("{} bytes", QualcommFile::settings(bytes)?.body.len())
        }
        _ if name.starts_with("rampatch_usb_") => {
            let rom = u32::from_str_radix(name.get(13..21).unwrap_or_default(), 16)?;
            let header = PatchHeader { length: if rom > 0xffff { 40 } else { 28 }, versions: 16 };
            let patch = QualcommFile::patch(bytes, header, rom);
            format!("version {:04x?}", patch.map(|(_, version)| version))
        }
        _ => return Ok(None),
    }))
}

fn main() -> ExitCode {
    let folder = env::args_os().nth(1).unwrap_or_else(|| "/lib/firmware".into());
    let (mut read, mut wrong) = (0, 0);
    for path in below(Path::new(&folder)) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Ok(bytes) = fs::read(&path) else { continue };
        match content(&name, &bytes) {
            Ok(Some(content)) => println!("{name}: {content}"),
            Ok(None) => continue,
            Err(error) => {
                eprintln!("{}: {error}", path.display());
                wrong += 1;
            }
        }
        read += 1;
    }
    if read == 0 {
        eprintln!("no firmware of a Bluetooth controller in {}", Path::new(&folder).display());
    }
    if read > 0 && wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
