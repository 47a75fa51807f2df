//! Intel's firmware, `intel/ibt-*.sfi`, and the settings beside it, `*.ddc`.
//!
//! An sfi file begins with what an RSA boot loader checks: a CSS header (128 bytes), a public key
//! (256), an exponent (4), a signature (256). Files for parts that can also check ECDSA go on with a
//! CSS header (128), a public key (96) and a signature (96). Then come HCI commands, one behind the
//! other, with fillers such that they can be sent in fragments whose length is a multiple of four.
//! One of the commands, 0xFC0E, has the address to boot from, and the build.
//!
//! A ddc file is a row of settings: length (u8), then as many bytes: an id (u16) and a value.

use super::{BadFile, array, split_command, u32_at};

const CSS_HEADER: usize = 128;
const RSA: u32 = 0x0001_0000;
const RSA_LENGTH: usize = 644;
const ECDSA: u32 = 0x0002_0000;
const ECDSA_LENGTH: usize = 320;
const ECDSA_KIND: u8 = 6;
const WRITE_BOOT_PARAMS: u16 = 0xfc0e;

/// What checks a boot loader's firmware.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// RSA, in a file for parts that know nothing else.
    RsaOnly,
    /// RSA.
    Rsa,
    /// ECDSA.
    Ecdsa,
}

/// What command 0xFC0E of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boot {
    /// Where to boot from.
    pub address: u32,
    /// Build, calendar week, year since 2000.
    pub build: [u8; 3],
}

/// A firmware file.
#[derive(Debug, Clone, Copy)]
pub struct Sfi<'a> {
    /// The CSS header.
    pub header: &'a [u8],
    /// The public key.
    pub key: &'a [u8],
    /// The signature.
    pub signature: &'a [u8],
    /// What the firmware's own command says.
    pub boot: Boot,
    payload: &'a [u8],
}

impl<'a> Sfi<'a> {
    /// Reads a file for a boot loader with this engine, and walks through all of its commands.
    pub fn parse(bytes: &'a [u8], engine: Engine) -> Result<Sfi<'a>, BadFile> {
        const SHORT: BadFile = BadFile("is cut off");
        let css_version = |at: usize| u32_at(bytes, at + 8);
        if css_version(0).ok_or(SHORT)? != RSA {
            return Err(BadFile("is no Intel firmware: it has no RSA header"));
        }
        let mut payload = RSA_LENGTH;
        if engine != Engine::RsaOnly {
            let version = css_version(RSA_LENGTH).ok_or(SHORT)?;
            if (bytes[RSA_LENGTH], version) != (ECDSA_KIND, ECDSA) {
                return Err(BadFile("is for an older part: it has no ECDSA header"));
            }
            payload += ECDSA_LENGTH;
        }
        let (start, key, signature) = match engine {
            Engine::RsaOnly | Engine::Rsa => (0, 128..384, 388..644),
            Engine::Ecdsa => (RSA_LENGTH, 128..224, 224..320),
        };
        let payload = bytes.get(payload..).ok_or(SHORT)?;
        let header = &bytes[start..];
        Ok(Sfi {
            header: &header[..CSS_HEADER],
            key: &header[key],
            signature: &header[signature],
            boot: boot(payload)?,
            payload,
        })
    }

    /// The commands, in fragments that are a multiple of four long.
    pub fn fragments(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = self.payload;
        std::iter::from_fn(move || {
            let (fragment, behind) = split_fragment(rest)?;
            rest = behind;
            Some(fragment)
        })
    }
}

/// The shortest row of commands at the beginning whose length is a multiple of four, and the rest.
fn split_fragment(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut rest = bytes;
    loop {
        rest = split_command(rest)?.2;
        let length = bytes.len() - rest.len();
        if length.is_multiple_of(4) {
            return Some(bytes.split_at(length));
        }
    }
}

/// Walks through the commands: they must fill the payload, in whole fragments, and say where to boot.
fn boot(payload: &[u8]) -> Result<Boot, BadFile> {
    let mut boot = None;
    let mut rest = payload;
    while !rest.is_empty() {
        let (opcode, packet, behind) =
            split_command(rest).ok_or(BadFile("is cut off within a command"))?;
        if opcode == WRITE_BOOT_PARAMS {
            let build = array(packet, 7).ok_or(BadFile("has damaged boot parameters"))?;
            boot = u32_at(packet, 3).map(|address| Boot { address, build });
        }
        rest = behind;
    }
    if !payload.len().is_multiple_of(4) {
        return Err(BadFile("ends with a fragment whose length is no multiple of four"));
    }
    boot.ok_or(BadFile("does not say where to boot"))
}

/// A settings file.
#[derive(Debug, Clone, Copy)]
pub struct Ddc<'a>(&'a [u8]);

impl<'a> Ddc<'a> {
    /// Checks that the settings fill the file.
    pub fn parse(bytes: &'a [u8]) -> Result<Ddc<'a>, BadFile> {
        let ddc = Ddc(bytes);
        match ddc.settings().map(<[u8]>::len).sum::<usize>() == bytes.len() {
            true => Ok(ddc),
            false => Err(BadFile("is no row of Intel settings, or is cut off")),
        }
    }

    /// The settings, each with its length before it.
    pub fn settings(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            // An id has two bytes, and a command holds 255.
            let length = rest.first().filter(|length| (2..255).contains(*length))?;
            let (setting, behind) = rest.split_at_checked(1 + usize::from(*length))?;
            rest = behind;
            Some(setting)
        })
    }
}
