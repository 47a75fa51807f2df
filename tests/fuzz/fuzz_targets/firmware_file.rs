//! Firmware files of any bytes: what is read lies inside of them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use usb::firmware::file::{
    Bseq, Ddc, Engine, Epatch, Hcd, MediaTekPatch, PatchHeader, QualcommFile, RealtekConfig, Sfi,
};

fuzz_target!(|data: &[u8]| {
    // Chip and key are the controller's to say.
    let [chip, key, file @ ..] = data else { return };
    if let Ok(epatch) = Epatch::parse(file) {
        let _ = (epatch.version(), epatch.project(), epatch.has_keys());
        if let Ok(patch) = epatch.patch(*chip, *key) {
            assert!(!patch.is_empty() && patch.len() <= file.len());
        }
    }
    let _ = RealtekConfig::parse(file).map(|config| assert_eq!(config.bytes(), file));
    for engine in [Engine::RsaOnly, Engine::Rsa, Engine::Ecdsa] {
        let Ok(sfi) = Sfi::parse(file, engine) else { continue };
        assert_eq!(sfi.header.len(), 128);
        assert!(sfi.fragments().flatten().eq(&file[file.len() - sent(&sfi)..]));
        assert!(sfi.fragments().all(|fragment| fragment.len() % 4 == 0));
    }
    if let Ok(ddc) = Ddc::parse(file) {
        assert!(ddc.settings().flatten().eq(file));
    }
    if let Ok(bseq) = Bseq::parse(file) {
        assert!(bseq.exchanges().count() * 7 <= file.len());
        let _ = bseq.has_patch();
    }
    if let Ok(hcd) = Hcd::parse(file) {
        let length: usize = hcd.commands().map(|(_, parameters)| 3 + parameters.len()).sum();
        assert_eq!(length, file.len());
    }
    let header = PatchHeader { length: usize::from(*chip), versions: usize::from(*key) };
    if let Ok((patch, _)) = QualcommFile::patch(file, header, 0x302) {
        assert_eq!((patch.header, patch.body), file.split_at(header.length));
    }
    let _ = QualcommFile::settings(file).map(|settings| assert_eq!(settings.header.len(), 4));
    if let Ok(patch) = MediaTekPatch::parse(file) {
        assert!(patch.date().len() <= 16);
        assert!(patch.sections().all(|section| section.data.len() <= file.len()));
    }
});

fn sent(sfi: &Sfi<'_>) -> usize {
    sfi.fragments().map(<[u8]>::len).sum()
}
