//! Files of any bytes, and good files that were damaged: what is read lies inside of them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::build::{
    bseq, code, ddc, hcd, mediatek, qualcomm_patch, qualcomm_settings, realtek_1, realtek_2,
    realtek_config, sfi,
};
use crate::firmware::file::{
    Bseq, Ddc, Engine, Epatch, Exchange, Hcd, MediaTekPatch, PatchHeader, QualcommFile,
    RealtekConfig, Sfi,
};

/// Reads a file as each of the formats.
fn read(bytes: &[u8]) {
    if let Ok(epatch) = Epatch::parse(bytes) {
        let _ = (epatch.version(), epatch.project());
        for (rom_version, key) in [(0, 0), (1, 0), (1, 1), (255, 255)] {
            if let Ok(patch) = epatch.patch(rom_version, key) {
                assert!(!patch.is_empty() && patch.len() <= bytes.len());
            }
        }
    }
    if let Ok(config) = RealtekConfig::parse(bytes) {
        assert_eq!(config.bytes(), bytes);
    }
    for engine in [Engine::RsaOnly, Engine::Rsa, Engine::Ecdsa] {
        let Ok(sfi) = Sfi::parse(bytes, engine) else { continue };
        assert_eq!(sfi.header.len(), 128);
        assert!(sfi.fragments().all(|fragment| fragment.len().is_multiple_of(4)));
        let headers = if engine == Engine::RsaOnly { 644 } else { 964 };
        assert!(sfi.fragments().flatten().eq(&bytes[headers..]));
    }
    if let Ok(ddc) = Ddc::parse(bytes) {
        assert!(ddc.settings().flatten().eq(bytes));
        assert!(ddc.settings().all(|setting| setting.len() <= 255));
    }
    if let Ok(bseq) = Bseq::parse(bytes) {
        let least = |exchange: Exchange<'_>| 7 + exchange.parameters.len() + exchange.answer.len();
        assert!((1..=bytes.len()).contains(&bseq.exchanges().map(least).sum()));
    }
    if let Ok(hcd) = Hcd::parse(bytes) {
        let length: usize = hcd.commands().map(|(_, parameters)| 3 + parameters.len()).sum();
        assert_eq!(length, bytes.len());
    }
    for (rom, length, versions) in [(0x302, 28, 16), (0x13_0201, 40, 16), (0x100, 20, 8)] {
        let header = PatchHeader { length, versions };
        if let Ok((file, _)) = QualcommFile::patch(bytes, header, rom) {
            assert_eq!((file.header, file.body), bytes.split_at(length));
        }
    }
    if let Ok(file) = QualcommFile::settings(bytes) {
        assert_eq!((file.header, file.body), bytes.split_at(4));
    }
    if let Ok(patch) = MediaTekPatch::parse(bytes) {
        assert!(patch.date().len() <= 16);
        assert!(patch.sections().all(|section| !section.data.is_empty()));
    }
}

fn good() -> impl Strategy<Value = Vec<u8>> {
    let [a, b] = [code(1, 100), code(2, 300)];
    let files = vec![
        realtek_1(14, 1, &[(0, &a), (1, &b)]),
        realtek_2(44, &[(1, &[(1, 15, 0, &a)]), (3, &[(1, 1, 1, &b)]), (8, &[])]),
        realtek_config(&[0xd9, 0, 1, 0x0f]),
        sfi(Engine::RsaOnly, 1, 20),
        sfi(Engine::Ecdsa, 1, 20),
        ddc(&[&a, &b[..250]]),
        bseq(&[(0xfc8e, &a, &[(0x0f, &[0]), (0xff, &b[..9])]), (0xfc2f, &a, &[(0x0e, &[0])])]),
        hcd(0, &b),
        mediatek(&[&a, &b]),
        qualcomm_patch(0x302, 28, 16, 1, &a),
        qualcomm_settings(&b),
    ];
    prop::sample::select(files)
}

#[test]
fn good_files_are_read() {
    let [a, b] = [code(1, 100), code(2, 300)];
    let file = realtek_1(14, 0x0102_0304, &[(0, &a), (3, &b)]);
    let epatch = Epatch::parse(&file).unwrap();
    assert_eq!((epatch.project(), epatch.version().as_str()), (14, "01020304"));
    assert!(epatch.patch(1, 0).is_err());
    assert_eq!(epatch.patch(3, 0).unwrap(), [&b[..296], &[4, 3, 2, 1]].concat());
    let file = sfi(Engine::Ecdsa, 0x1234, 20);
    let read = Sfi::parse(&file, Engine::Ecdsa).unwrap();
    assert_eq!((read.boot.address, read.boot.build), (0x1234, [107, 51, 22]));
    assert_eq!(Ddc::parse(&ddc(&[&a, &b[..250]])).unwrap().settings().count(), 2);
    let file = bseq(&[(0xfc8e, &a, &[(0x0f, &[0]), (0xff, &b[..9])])]);
    let exchange = Bseq::parse(&file).unwrap().exchanges().next().unwrap();
    assert_eq!((exchange.code, exchange.answer), (0xff, &b[..9]));
    assert_eq!(Hcd::parse(&hcd(0, &b)).unwrap().commands().count(), 3);
    assert_eq!(MediaTekPatch::parse(&mediatek(&[&a, &b])).unwrap().sections().count(), 2);
}

proptest! {
    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..2_000)) {
        read(&bytes);
    }

    #[test]
    fn damaged_files(
        mut file in good(),
        damage in vec((any::<Index>(), any::<u8>()), 0..8),
        cut in any::<Index>(),
    ) {
        for (at, byte) in damage {
            let at = at.index(file.len());
            file[at] = byte;
        }
        read(&file);
        read(&file[..cut.index(file.len() + 1)]);
    }
}
