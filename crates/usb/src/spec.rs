//! Which dongle is meant: `usb`, `usb:VVVV:PPPP`, `usb:BUS-PORT[.PORT…]`, `usb:serial=TEXT`.

use std::fmt;
use std::str::FromStr;

use crate::dongle::Dongle;

/// Says which dongle is meant; parses from and prints as the text that users write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Spec {
    /// The first there is.
    First,
    /// The first of this make.
    Ids {
        /// The vendor's id.
        vendor: u16,
        /// The product's.
        product: u16,
    },
    /// The one that is plugged in there.
    Path {
        /// The bus.
        bus: u8,
        /// The ports on the way to it.
        ports: Vec<u8>,
    },
    /// The one with this serial number.
    Serial(String),
}

impl Spec {
    /// Whether `dongle` is (one of those that are) meant.
    pub fn matches(&self, dongle: &Dongle) -> bool {
        match self {
            Spec::First => true,
            Spec::Ids { vendor, product } => (dongle.vendor, dongle.product) == (*vendor, *product),
            Spec::Path { bus, ports } => dongle.bus == *bus && dongle.ports == *ports,
            Spec::Serial(serial) => dongle.serial.as_ref() == Some(serial),
        }
    }

    /// The dongle that is meant: the first that matches, one that may be opened before one that may
    /// not.
    pub fn choose<'a>(&self, dongles: &'a [Dongle]) -> Result<&'a Dongle, NoSuchDongle> {
        let mut matching = dongles.iter().filter(|dongle| self.matches(dongle));
        let first = matching.clone().next();
        matching.find(|dongle| dongle.access.is_granted()).or(first).ok_or_else(|| NoSuchDongle {
            spec: self.clone(),
            present: dongles.iter().map(Dongle::to_string).collect(),
        })
    }
}

/// No dongle is the one that is meant: prints what there is instead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoSuchDongle {
    /// The one that was meant.
    pub spec: Spec,
    /// What there is, each as it prints.
    pub present: Vec<String>,
}

impl fmt::Display for NoSuchDongle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: no such Bluetooth dongle; there is ", self.spec)?;
        if self.present.is_empty() {
            f.write_str("none")
        } else {
            f.write_str(&self.present.join(", "))
        }
    }
}

impl std::error::Error for NoSuchDongle {}

/// A text that says of no dongle which it is, with the reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadSpec {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl fmt::Display for BadSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.text, self.reason)
    }
}

impl std::error::Error for BadSpec {}

impl FromStr for Spec {
    type Err = BadSpec;

    fn from_str(text: &str) -> Result<Self, BadSpec> {
        parse(text).map_err(|reason| BadSpec { text: text.to_owned(), reason })
    }
}

const SHAPES: &str = "expected usb, usb:VVVV:PPPP, usb:BUS-PORT[.PORT…] or usb:serial=TEXT";

fn parse(text: &str) -> Result<Spec, &'static str> {
    if text == "usb" {
        return Ok(Spec::First);
    }
    let rest = text.strip_prefix("usb:").ok_or(SHAPES)?;
    if let Some(serial) = rest.strip_prefix("serial=") {
        let missing = "the serial number is missing: usb:serial=TEXT";
        return if serial.is_empty() { Err(missing) } else { Ok(Spec::Serial(serial.to_owned())) };
    }
    if let Some((vendor, product)) = rest.split_once(':') {
        let id = |digits: &str| {
            let hex = digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
        };
        return match (id(vendor), id(product)) {
            (Some(vendor), Some(product)) => Ok(Spec::Ids { vendor, product }),
            _ => Err("vendor and product are four hexadecimal digits each: usb:0a12:0001"),
        };
    }
    let (bus, ports) = rest.split_once('-').ok_or(SHAPES)?;
    let number = |digits: &str| {
        let decimal = digits.bytes().all(|digit| digit.is_ascii_digit());
        decimal.then(|| digits.parse().ok()).flatten().filter(|number| *number != 0)
    };
    let ports: Option<Vec<u8>> = ports.split('.').map(number).collect();
    match (number(bus), ports) {
        (Some(bus), Some(ports)) => Ok(Spec::Path { bus, ports }),
        _ => Err("bus and ports are numbers from 1 to 255: usb:1-4.2"),
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spec::First => f.write_str("usb"),
            Spec::Ids { vendor, product } => write!(f, "usb:{vendor:04x}:{product:04x}"),
            Spec::Path { bus, ports } => {
                let ports: Vec<_> = ports.iter().map(u8::to_string).collect();
                write!(f, "usb:{bus}-{}", ports.join("."))
            }
            Spec::Serial(serial) => write!(f, "usb:serial={serial}"),
        }
    }
}
