//! Conversations in octets, so that what is said does not depend on how `wire` reads and writes.
//!
//! ```text
//! > 04 0A …   the tester says this event        ! name   an order (see `order`)
//! < 01 1A …   this command must come next       = text   what is told next starts so
//! ```
//! The first octet is the H4 indicator. Commands are answered by the script itself.

use super::*;

fn octets(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|octet| u8::from_str_radix(octet, 16).expect("hex")).collect()
}

/// The implementation's side of a conversation.
struct Speaker {
    controller: Controller,
    said: VecDeque<Vec<u8>>,
    told: VecDeque<String>,
}

impl Speaker {
    fn listen(&mut self) {
        while let Some(output) = self.controller.poll() {
            match output {
                Output::Send(channel, frame) => {
                    let mut packet = vec![channel.indicator()];
                    packet.extend_from_slice(&frame);
                    self.said.push_back(packet);
                }
                other => self.told.push_back(format!("{other:?}")),
            }
        }
    }

    fn order(&mut self, order: &str) {
        let now = Instant::ZERO;
        match order {
            "start" => self.controller.start(now),
            "accept" => self.controller.accept(now, PHONE).expect("a request"),
            "pairable" => self.controller.set_pairable(now, true),
            "connectable" => self.controller.set_connectable(now, true),
            other => panic!("no such order: {other}"),
        }
    }

    fn line(&mut self, line: &str) {
        let (mark, rest) = line.split_at(1);
        match mark {
            ">" => {
                let packet = octets(rest);
                assert_eq!(packet[0], 4, "an event");
                self.controller.event(Instant::ZERO, &packet[1..]);
            }
            "<" => {
                let said = self.said.pop_front().unwrap_or_default();
                assert_eq!(said, octets(rest), "said {said:02X?}, expected {rest}");
            }
            "=" => {
                let told = self.told.pop_front().unwrap_or_default();
                assert!(told.starts_with(rest.trim()), "told {told}, expected {rest}");
            }
            "!" => self.order(rest.trim()),
            _ => panic!("not a line of a script: {line}"),
        }
    }
}

fn run(bonds: Vec<Bond>, scripts: &[&str]) {
    let controller = Controller::new(Config::default(), bonds, Arena::new(16, 512));
    let mut speaker = Speaker { controller, said: VecDeque::new(), told: VecDeque::new() };
    for line in scripts.iter().flat_map(|script| script.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if !line.is_empty() {
            speaker.line(line);
            speaker.listen();
        }
    }
    assert!(speaker.said.is_empty(), "said more: {:02X?}", speaker.said);
    assert!(speaker.told.is_empty(), "told more: {:?}", speaker.told);
}

/// A controller with Secure Simple Pairing, key sizes, scan enable and little else.
const BRING_UP: &str = "
    ! start
    < 01 03 0C 00                           # Reset
    > 04 0E 04 01 03 0C 00
    < 01 01 10 00                           # Read Local Version Information
    > 04 0E 0C 01 01 10 00 09 00 01 09 5D 00 34 12
    < 01 02 10 00                           # Read Local Supported Commands
    > 04 0E 44 01 02 10 00 00 00 00 00 00 40 00 80 00 00 00 00 00 00 00 00 00 40 00 00 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    < 01 03 10 00                           # Read Local Supported Features: encryption, SSP
    > 04 0E 0C 01 03 10 00 04 00 00 00 00 00 08 00
    < 01 05 10 00                           # Read Buffer Size: 1021 octets, 8 packets
    > 04 0E 0B 01 05 10 00 FD 03 40 08 00 08 00
    < 01 09 10 00                           # Read BD_ADDR
    > 04 0E 0A 01 09 10 00 C0 C1 C2 C3 C4 C5
    < 01 01 0C 08 FF FF FF FF FF 1F 3F 0C   # Set Event Mask: SSP events
    > 04 0E 04 01 01 0C 00
    < 01 56 0C 01 01                        # Write Simple Pairing Mode
    > 04 0E 04 01 56 0C 00
    = Up(ControllerInfo { address: C5:C4:C3:C2:C1:C0, hci_version: 9, manufacturer: 93
";

#[test]
fn a_bonded_phone_comes_back() {
    let bonds = vec![bond(PHONE, KeyType::UnauthenticatedP192)];
    run(
        bonds,
        &[
            BRING_UP,
            "
            ! connectable
            < 01 1A 0C 01 02                            # Write Scan Enable: page
            > 04 0E 04 01 1A 0C 00
            > 04 04 0A 01 02 03 04 05 06 0C 02 5A 01    # Connection Request
            = ConnectionRequest { address: 06:05:04:03:02:01, class: 0x5A020C, bonded: true }
            ! accept
            < 01 09 04 07 01 02 03 04 05 06 00          # Accept Connection Request, as central
            > 04 0F 04 00 01 09 04
            > 04 12 08 00 01 02 03 04 05 06 00          # Role Change: central
            > 04 03 0B 00 42 00 01 02 03 04 05 06 01 00 # Connection Complete
            = Connected
            < 01 0D 08 04 42 00 00 00                   # Write Link Policy Settings: nothing known
            > 04 0E 06 01 0D 08 00 42 00
            < 01 11 04 02 42 00                         # Authentication Requested
            > 04 0F 04 00 01 11 04
            > 04 17 06 01 02 03 04 05 06                # Link Key Request
            < 01 0B 04 16 01 02 03 04 05 06 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11
            > 04 0E 0A 01 0B 04 00 01 02 03 04 05 06
            > 04 06 03 00 42 00                         # Authentication Complete
            < 01 13 04 03 42 00 01                      # Set Connection Encryption
            > 04 0F 04 00 01 13 04
            > 04 08 04 00 42 00 01                      # Encryption Change: E0
            < 01 08 14 02 42 00                         # Read Encryption Key Size
            > 04 0E 07 01 08 14 00 42 00 10
            = Store
            = Secured { link: LinkId(0), key_type: UnauthenticatedP192, paired: false }
            > 04 05 04 00 42 00 13                      # Disconnection Complete
            = Disconnected { link: LinkId(0), address: 06:05:04:03:02:01, reason: Remote User
            ",
        ],
    );
}

#[test]
fn a_new_phone_pairs() {
    run(
        Vec::new(),
        &[
            BRING_UP,
            "
            ! pairable
            > 04 04 0A 01 02 03 04 05 06 0C 02 5A 01
            = ConnectionRequest { address: 06:05:04:03:02:01, class: 0x5A020C, bonded: false }
            ! accept
            < 01 09 04 07 01 02 03 04 05 06 00
            > 04 0F 04 00 01 09 04
            > 04 03 0B 00 42 00 01 02 03 04 05 06 01 00
            = Connected { link: LinkId(0), address: 06:05:04:03:02:01, class: Some(0x5A020C), outgoing: false, central: false }
            < 01 0D 08 04 42 00 00 00
            > 04 0E 06 01 0D 08 00 42 00
            < 01 11 04 02 42 00
            > 04 0F 04 00 01 11 04
            > 04 17 06 01 02 03 04 05 06
            < 01 0C 04 06 01 02 03 04 05 06             # Link Key Request Negative Reply
            > 04 0E 0A 01 0C 04 00 01 02 03 04 05 06
            > 04 31 06 01 02 03 04 05 06                # IO Capability Request
            < 01 2B 04 09 01 02 03 04 05 06 03 00 04    # NoInputNoOutput, general bonding
            > 04 0E 0A 01 2B 04 00 01 02 03 04 05 06
            > 04 32 09 01 02 03 04 05 06 01 00 05       # IO Capability Response
            > 04 33 0A 01 02 03 04 05 06 40 E2 01 00    # User Confirmation Request
            < 01 2C 04 06 01 02 03 04 05 06
            > 04 0E 0A 01 2C 04 00 01 02 03 04 05 06
            > 04 36 07 00 01 02 03 04 05 06             # Simple Pairing Complete
            > 04 18 17 01 02 03 04 05 06 22 22 22 22 22 22 22 22 22 22 22 22 22 22 22 22 04
            > 04 06 03 00 42 00
            < 01 13 04 03 42 00 01
            > 04 0F 04 00 01 13 04
            > 04 08 04 00 42 00 01
            < 01 08 14 02 42 00
            > 04 0E 07 01 08 14 00 42 00 10
            = Store
            = Paired { address: 06:05:04:03:02:01 }
            = Secured { link: LinkId(0), key_type: UnauthenticatedP192, paired: true }
            ",
        ],
    );
}

#[test]
fn a_stranger_is_turned_away() {
    run(
        Vec::new(),
        &[
            BRING_UP,
            "
            > 04 04 0A 01 02 03 04 05 06 0C 02 5A 01
            < 01 0A 04 07 01 02 03 04 05 06 0F          # Reject Connection Request
            = Warning(TurnedAway { address: 06:05:04:03:02:01
            > 04 0F 04 00 01 0A 04
            > 04 03 0B 0F 00 00 01 02 03 04 05 06 01 00 # its Connection Complete
            ",
        ],
    );
}
