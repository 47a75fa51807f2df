//! Builds firmware files in the public formats, out of nothing.

use crate::firmware::file::Engine;

/// Bytes that look like code: no two stretches of them are alike.
pub(super) fn code(seed: u8, length: usize) -> Vec<u8> {
    let mut state = u32::from(seed) + 1;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_le_bytes()[3]
    };
    (0..length).map(next).collect()
}

const EXTENSION: [u8; 4] = [0x51, 0x04, 0xfd, 0x77];

/// A Realtek patch file of format 1: patches by ROM version.
pub(super) fn realtek_1(project: u8, version: u32, patches: &[(u8, &[u8])]) -> Vec<u8> {
    let mut file = b"Realtech".to_vec();
    file.extend(version.to_le_bytes());
    file.extend(u16::try_from(patches.len()).unwrap().to_le_bytes());
    for (rom, _) in patches {
        file.extend((u16::from(*rom) + 1).to_le_bytes());
    }
    for (_, patch) in patches {
        file.extend(u16::try_from(patch.len()).unwrap().to_le_bytes());
    }
    let mut offset = file.len() + 4 * patches.len();
    for (_, patch) in patches {
        file.extend(u32::try_from(offset).unwrap().to_le_bytes());
        offset += patch.len();
    }
    file.extend(patches.iter().flat_map(|(_, patch)| *patch));
    // As in the vendor's files: an end, a length of two that is to be passed over, the project.
    file.extend([0xff, 0xaa, 0xbb, 2, 1, project, 1, 0]);
    file.extend(EXTENSION);
    file
}

/// A part of a section: ROM version, priority, key, data.
pub(super) type RealtekPart<'a> = (u8, u8, u8, &'a [u8]);

/// A Realtek patch file of format 2: sections by kind.
pub(super) fn realtek_2(project: u8, sections: &[(u32, &[RealtekPart<'_>])]) -> Vec<u8> {
    let mut file = b"RTBTCore".to_vec();
    file.extend(0x0002_8061_0134_eb34_u64.to_le_bytes());
    file.extend(u32::try_from(sections.len()).unwrap().to_le_bytes());
    for (kind, parts) in sections {
        let mut section = u16::try_from(parts.len()).unwrap().to_le_bytes().to_vec();
        section.extend([0, 0]);
        for (rom, priority, key, data) in *parts {
            section.extend([rom + 1, *priority, *key, 0]);
            section.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
            section.extend(*data);
        }
        file.extend(kind.to_le_bytes());
        file.extend(u32::try_from(section.len()).unwrap().to_le_bytes());
        file.extend(section);
    }
    file.extend([0xff, project, 1, 0]);
    file.extend(EXTENSION);
    file
}

pub(super) fn realtek_config(entries: &[u8]) -> Vec<u8> {
    let mut file = vec![0x55, 0xab, 0x23, 0x87];
    file.extend(u16::try_from(entries.len()).unwrap().to_le_bytes());
    file.extend(entries);
    file
}

/// What the emulated boot loader checks in place of a signature.
pub(super) fn checksum(bytes: &[u8]) -> [u8; 4] {
    let sum =
        bytes.iter().fold(1_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte)));
    sum.to_le_bytes()
}

/// An Intel firmware. Where real ones are signed, this one has [`checksum`], and its CSS headers say at
/// byte 120 how long the payload is.
pub(super) fn sfi(engine: Engine, boot_address: u32, commands: usize) -> Vec<u8> {
    let mut payload = Vec::new();
    for n in 0..commands {
        let data = code(u8::try_from(n % 251).unwrap(), n % 240);
        payload.extend([0x8e, 0xfc, u8::try_from(data.len()).unwrap()]);
        payload.extend(data);
        if n == commands / 2 {
            payload.extend([0x0e, 0xfc, 7]);
            payload.extend(boot_address.to_le_bytes());
            payload.extend([107, 51, 22]);
        }
        // A filler, of three bytes and as many more as it takes.
        let more = (4 - (payload.len() + 3) % 4) % 4;
        payload.extend([0x02, 0xfc, u8::try_from(more).unwrap()]);
        payload.resize(payload.len() + more, 0);
    }
    let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
    let css = |kind: u8, version: u32| {
        let mut css = code(kind, 128);
        css[0] = kind;
        css[8..12].copy_from_slice(&version.to_le_bytes());
        css[120..124].copy_from_slice(&length);
        css
    };
    let signature = |size: usize| checksum(&payload).repeat(size / 4);
    let mut file = css(6, 0x0001_0000);
    file.extend(code(2, 260));
    file.extend(signature(256));
    if engine != Engine::RsaOnly {
        file.extend(css(6, 0x0002_0000));
        file.extend(code(3, 96));
        file.extend(signature(96));
    }
    file.extend(payload);
    file
}

pub(super) fn ddc(settings: &[&[u8]]) -> Vec<u8> {
    let one = |setting: &&[u8]| [&[u8::try_from(setting.len()).unwrap()], *setting].concat();
    settings.iter().flat_map(one).collect()
}

/// A Broadcom patch that writes this to memory, in blocks, and starts it.
pub(super) fn hcd(address: u32, memory: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    for (n, block) in memory.chunks(240).enumerate() {
        let at = address + 240 * u32::try_from(n).unwrap();
        file.extend([0x4c, 0xfc, u8::try_from(4 + block.len()).unwrap()]);
        file.extend(at.to_le_bytes());
        file.extend(block);
    }
    file.extend([0x4e, 0xfc, 4]);
    file.extend(0xffff_ffff_u32.to_le_bytes());
    file
}

/// A MediaTek firmware with these sections, and one that is not for the chip.
pub(super) fn mediatek(sections: &[&[u8]]) -> Vec<u8> {
    let mut file = b"20230117171152\0\0ALPS".to_vec();
    file.resize(32 + 12, 0);
    file.extend(u32::try_from(sections.len() + 1).unwrap().to_le_bytes());
    file.resize(32 + 64, 0);
    let mut offset = u32::try_from(file.len() + 64 * (sections.len() + 1)).unwrap();
    for (n, data) in sections.iter().enumerate() {
        let length = u32::try_from(data.len()).unwrap();
        for word in [0x1_0002, offset, length, 0x90_0000, length] {
            file.extend(word.to_le_bytes());
        }
        file.extend(code(u8::try_from(n).unwrap(), 44));
        offset += length;
    }
    for word in [1, offset, 5_u32] {
        file.extend(word.to_le_bytes());
    }
    file.extend([0; 52]);
    file.extend(sections.iter().flat_map(|data| *data));
    file.extend(b"extra");
    file
}

/// An Intel patch: commands, each with the events that answer it.
pub(super) type BseqExchange<'a> = (u16, &'a [u8], &'a [(u8, &'a [u8])]);

pub(super) fn bseq(exchanges: &[BseqExchange<'_>]) -> Vec<u8> {
    let mut file = Vec::new();
    for (opcode, parameters, events) in exchanges {
        file.push(1);
        file.extend(opcode.to_le_bytes());
        file.push(u8::try_from(parameters.len()).unwrap());
        file.extend(*parameters);
        for (code, parameters) in *events {
            file.extend([2, *code, u8::try_from(parameters.len()).unwrap()]);
            file.extend(*parameters);
        }
    }
    file
}

/// A Qualcomm patch for a ROM, with a header of this length and the versions at this offset.
pub(super) fn qualcomm_patch(
    rom: u32,
    header: usize,
    versions: usize,
    version: u16,
    body: &[u8],
) -> Vec<u8> {
    let mut file = vec![0; header];
    let [l0, l1, h0, h1] = rom.to_le_bytes();
    let [v0, v1] = version.to_le_bytes();
    // The oldest have something else where the ROM's upper half would be.
    let high = if rom > 0xffff { [h0, h1] } else { [8, 0] };
    file[versions..versions + 6].copy_from_slice(&[high[0], high[1], l0, l1, v0, v1]);
    file.extend(body);
    qualcomm_header(1, file.len() - 4, &mut file);
    file
}

pub(super) fn qualcomm_settings(body: &[u8]) -> Vec<u8> {
    let mut file = [&[0; 4], body].concat();
    qualcomm_header(2, body.len(), &mut file);
    file
}

fn qualcomm_header(kind: u32, length: usize, file: &mut [u8]) {
    let header = kind | u32::try_from(length).unwrap() << 8;
    file[..4].copy_from_slice(&header.to_le_bytes());
}
