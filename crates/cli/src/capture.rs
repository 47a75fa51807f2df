//! `tandem capture`: what passes between the receiver and its controller, live. The daemon gives a btsnoop
//! file; Wireshark reads pcap from a pipe.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;
use tandem::snoop::Pcap;

use crate::client::Client;
use crate::failure::Failure;

pub(crate) fn run(client: &mut Client, btsnoop: bool, out: &mut dyn Write) -> Result<(), Failure> {
    if io::stdout().is_terminal() {
        let text = "a capture is not for the terminal: tandem capture | wireshark -k -i -";
        return Err(Failure::Failed(text.into()));
    }
    client.capture()?;
    let mut pcap = Pcap::default();
    loop {
        let Some(told) = client.octets()? else { continue };
        let nonsense = || Failure::Failed("the daemon gave no capture".into());
        let octets = octets(&told).ok_or_else(nonsense)?;
        if btsnoop {
            out.write_all(&octets)?;
        } else {
            out.write_all(&pcap.convert(&octets).ok_or_else(nonsense)?)?;
        }
        // Whoever reads wants to see it when it happens.
        out.flush()?;
    }
}

/// What two hexadecimal digits each stand for.
fn octets(told: &Value) -> Option<Vec<u8>> {
    let (pairs, rest) = told.as_str()?.as_bytes().as_chunks::<2>();
    let digit = |octet: u8| char::from(octet).to_digit(16);
    let octet = |[high, low]: &[u8; 2]| Some((digit(*high)? << 4 | digit(*low)?) as u8);
    if rest.is_empty() { pairs.iter().map(octet).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_read_from_two_digits_each() {
        assert_eq!(octets(&"000aF0ff".into()), Some(vec![0x00, 0x0A, 0xF0, 0xFF]));
        for wrong in ["0", "0g"] {
            assert_eq!(octets(&wrong.into()), None);
        }
        assert_eq!(octets(&Value::Null), None);
    }
}
