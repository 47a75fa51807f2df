//! Commands and result codes as the specification and as phones write them.

use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::Malformed;

fn lines(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut lines = Lines::<16>::default();
    let mut found = Vec::new();
    for mut piece in pieces.iter().copied() {
        while let Some(line) = lines.next(&mut piece) {
            found.push(line.to_vec());
        }
    }
    found
}

#[test]
fn lines_end_in_many_ways() {
    assert_eq!(lines(&[b"\r\nOK\r\n"]), [b"OK"]);
    assert_eq!(
        lines(&[b"\r\n\r\nRING\r\n\r\n", b"OK\r", b"\n \0A\n"]),
        [&b"RING"[..], b"OK", b"A"]
    );
    assert_eq!(lines(&[b"AT+B", b"RSF=1\rAT", b"A\r"]), [&b"AT+BRSF=1"[..], b"ATA"]);
    assert!(lines(&[b"OK"]).is_empty());
}

#[test]
fn a_long_line_is_dropped_and_the_next_is_not() {
    let mut lines = Lines::<16>::default();
    let long = [b'x'; 4096];
    let mut input = &long[..];
    assert_eq!(lines.next(&mut input), None);
    let mut input = &b"xx\r\nOK\r\n0123456789abcdef\r0123456789abcdefg\r"[..];
    assert_eq!(lines.next(&mut input), Some(&b"OK"[..]));
    assert_eq!(lines.next(&mut input), Some(&b"0123456789abcdef"[..]));
    assert_eq!(lines.next(&mut input), None);
    assert_eq!(lines.dropped(), 2);
}

#[test]
fn values_between_commas() {
    let arguments = Arguments::new(br#"1, "a,b" ,(2,(3,4)),,x"#);
    let values: Vec<_> = arguments.iter().map(Value::bytes).collect();
    assert_eq!(values, [&b"1"[..], br#""a,b""#, b"(2,(3,4))", b"", b"x"]);
    assert_eq!(arguments.get(0).number(), Some(1u8));
    assert_eq!(arguments.get(1).text(), b"a,b");
    assert_eq!(arguments.get(2).list().get(1).list().get(1).number(), Some(4u8));
    assert!(arguments.get(3).is_empty() && arguments.get(9).is_empty());
    assert_eq!(arguments.get(4).number::<u8>(), None);
    assert_eq!(Arguments::new(b" ").iter().count(), 0);
    assert_eq!(Arguments::new(b"256").get(0).number::<u8>(), None);
    assert_eq!(Arguments::new(b"99999999999").get(0).number::<u32>(), None);
    // What is not closed.
    assert_eq!(Arguments::new(b"\"a,b").get(0).text(), b"a,b");
    assert_eq!(Arguments::new(b"(1,2").get(0).list().iter().count(), 2);
}

fn command(text: &str, expected: Command<'_>) {
    let line = text.strip_suffix('\r').expect("a command's end");
    assert_eq!(Command::parse(line.as_bytes()), Ok(expected), "{text}");
    let mut out = [0; 128];
    let length = expected.write(&mut out).expect("it fits");
    assert_eq!(core::str::from_utf8(&out[..length]), Ok(text));
}

#[test]
fn commands_are_read_as_written() {
    command("AT+BRSF=191\r", Command::Brsf(HfFeatures::from_bits_retain(191)));
    command("AT+BAC=1,2\r", Command::Bac(Codecs::CVSD | Codecs::MSBC));
    command("AT+CIND=?\r", Command::CindTest);
    command("AT+CIND?\r", Command::CindRead);
    command("AT+CMER=3,0,0,1\r", Command::Cmer(true));
    command("AT+CHLD=?\r", Command::ChldTest);
    command("AT+CHLD=2\r", Command::Chld(Hold::Swap));
    command("AT+CHLD=13\r", Command::Chld(Hold::ReleaseOne(3)));
    command("AT+BIND=1,2\r", Command::Bind(HfIndicators::all()));
    command("AT+BIND=?\r", Command::BindTest);
    command("AT+BIND?\r", Command::BindRead);
    command("AT+BIEV=2,85\r", Command::Biev { indicator: 2, value: 85 });
    command("AT+BIA=1,0,,1\r", Command::Bia(Arguments::new(b"1,0,,1")));
    command("AT+CLIP=1\r", Command::Clip(true));
    command("AT+CCWA=1\r", Command::Ccwa(true));
    command("AT+CMEE=1\r", Command::Cmee(true));
    command("AT+NREC=0\r", Command::Nrec(false));
    command("AT+COPS=3,0\r", Command::CopsFormat);
    command("AT+COPS?\r", Command::CopsRead);
    command("AT+CNUM\r", Command::Cnum);
    command("AT+CLCC\r", Command::Clcc);
    command("ATA\r", Command::Answer);
    command("AT+CHUP\r", Command::Chup);
    command("ATD+4930*1#;\r", Command::Dial(b"+4930*1#"));
    command("ATD>3;\r", Command::DialMemory(b"3"));
    command("AT+BLDN\r", Command::Bldn);
    command("AT+VTS=#\r", Command::Vts(b'#'));
    command("AT+BVRA=2\r", Command::Bvra(2));
    command("AT+VGS=15\r", Command::Vgs(15));
    command("AT+VGM=0\r", Command::Vgm(0));
    command("AT+BTRH?\r", Command::BtrhRead);
    command("AT+BTRH=0\r", Command::Btrh(0));
    command("AT+BCS=2\r", Command::Bcs(Codec::Msbc));
    command("AT+BCC\r", Command::Bcc);
    command("AT+BINP=1\r", Command::Binp);
    let (vendor, product, version) = (0xFFFF, 1, 0x0100);
    command("AT+XAPL=FFFF-0001-0100,2\r", Command::Xapl { vendor, product, version, features: 2 });
    command("AT+IPHONEACCEV=1,1,8\r", Command::IphoneAccev(BatteryLevel::percent(85)));
    command("AT+CKPD=200\r", Command::Ckpd);
    command("AT+NOSUCH=\"1\"\r", Command::Unknown(b"+NOSUCH=\"1\""));
}

#[test]
fn commands_as_others_write_them() {
    assert_eq!(Command::parse(b"AT+CMER=3,,,1"), Ok(Command::Cmer(true)));
    assert_eq!(Command::parse(b"at+chup"), Ok(Command::Chup));
    assert_eq!(Command::parse(b"AT+IPHONEACCEV=2,2,0,1,4"), {
        Ok(Command::IphoneAccev(BatteryLevel::new(4).expect("legal")))
    });
    assert_eq!(Command::parse(b"AT+CHLD=9"), Ok(Command::Unknown(b"+CHLD=9")));
    assert_eq!(Command::parse(b"AT+VGS=16"), Ok(Command::Unknown(b"+VGS=16")));
    assert_eq!(Command::parse(b"OK"), Err(Malformed));
}

fn result(line: &str, expected: ResultCode<'_>) {
    assert_eq!(ResultCode::parse(line.as_bytes()), Ok(expected), "{line}");
    let mut out = [0; 128];
    let length = expected.write(&mut out).expect("it fits");
    let written = core::str::from_utf8(&out[..length]).expect("text");
    assert_eq!(written.strip_prefix("\r\n").and_then(|w| w.strip_suffix("\r\n")), Some(line));
}

#[test]
fn result_codes_are_read_as_written() {
    use ResultCode::*;
    result("OK", Ok);
    result("ERROR", Error);
    result("+CME ERROR: 30", CmeError(super::CmeError::NO_NETWORK));
    result("NO CARRIER", NoCarrier);
    result("BUSY", Busy);
    result("NO ANSWER", NoAnswer);
    result("DELAYED", Delayed);
    result("BLACKLISTED", Blacklisted);
    result("RING", Ring);
    result("+BRSF: 871", Brsf(AgFeatures::from_bits_retain(871)));
    result("+CIND: 1,0,0,0,5,0,3", Cind(Arguments::new(b"1,0,0,0,5,0,3")));
    result("+CIEV: 2,1", Ciev { indicator: 2, value: 1 });
    let caller = Caller { number: b"+49301234", name: b"" };
    result("+CLIP: \"+49301234\",145", Clip(caller));
    let named = Caller { number: b"5551234", name: b"Ada, Lady" };
    result("+CLIP: \"5551234\",129,,,\"Ada, Lady\"", Clip(named));
    result("+CCWA: \"5551234\",129,1,\"Ada, Lady\"", Ccwa(named));
    let call = CallEntry {
        index: 1,
        direction: Direction::Incoming,
        status: CallStatus::Waiting,
        mode: Some(CallMode::Voice),
        multiparty: false,
        caller: Caller::default(),
    };
    result("+CLCC: 1,1,5,0,0", Clcc(call));
    result(
        "+CLCC: 1,1,5,0,0,\"5551234\",129,\"Ada, Lady\"",
        Clcc(CallEntry { caller: named, ..call }),
    );
    result("+COPS: 0,0,\"Operator\"", Cops(b"Operator"));
    result("+COPS: 0", Cops(b""));
    result("+CNUM: ,\"5551234567\",129,,4", Cnum(b"5551234567"));
    result("+CHLD: (0,1,1x,2,2x,3,4)", Chld(Holds::all()));
    result("+BIND: (1,2)", Bind(HfIndicators::all()));
    result("+BIND: 2,1", BindState { indicator: 2, enabled: true });
    result("+BSIR: 1", Bsir(true));
    result("+BVRA: 1", Bvra(VoiceRecognition { on: true, state: None, text: None }));
    let text = VoiceText { id: b"19AB", kind: 1, operation: 1, text: b"To whom?" };
    let state = Some(VoiceRecognitionState::SPEAKING);
    let voice = VoiceRecognition { on: true, state, text: Some(text) };
    result("+BVRA: 1,2,19AB,1,1,\"To whom?\"", Bvra(voice));
    result("+VGS: 15", Vgs(15));
    result("+VGM: 0", Vgm(0));
    result("+BCS: 2", Bcs(2));
    result("+BTRH: 0", Btrh(0));
    result("+BINP: \"5551212\"", Binp(b"5551212"));
    result("+XAPL=iPhone,2", Xapl);
    result("+ANDROID: \"1\"", Unknown(b"+ANDROID: \"1\""));
}

#[test]
fn result_codes_as_phones_write_them() {
    let parse = |line: &'static str| ResultCode::parse(line.as_bytes()).expect(line);
    assert_eq!(parse("+VGS=13"), ResultCode::Vgs(13));
    assert_eq!(parse("+CIEV:2 , 1"), ResultCode::Ciev { indicator: 2, value: 1 });
    let swap = Holds::RELEASE_HELD | Holds::RELEASE_ACTIVE | Holds::SWAP | Holds::JOIN;
    assert_eq!(parse("+CHLD: 0,1,2,3"), ResultCode::Chld(swap));
    assert_eq!(parse("+CHLD: (0, 1, 2, 3)"), ResultCode::Chld(swap));
    let named = |name| ResultCode::Clip(Caller { number: b"1", name });
    assert_eq!(parse("+CLIP: \"1\",129,,,\"Ada\",0"), named(b"Ada"));
    assert_eq!(parse("+CLIP: \"1\",129,,,,\"Ada\""), named(b"Ada"));
    assert_eq!(parse("+CLIP: \"1\",129,\"\",128,\"Ada\""), named(b"Ada"));
    assert_eq!(parse("+CLIP: \"1\",129,,,Ada,"), named(b"Ada"));
    assert_eq!(parse("+CLIP: \"1\",129,,,0"), named(b""));
    assert_eq!(parse("+CLIP: ,128"), ResultCode::Clip(Caller::default()));
    assert_eq!(parse("+SOMETHING"), ResultCode::Unknown(b"+SOMETHING"));
    for line in ["+VGS: 16", "+CIEV: 2", "+CIEV: x,1", "+CLCC: 0,0,0,0,0", "+BRSF:", "+BSIR: 2"] {
        assert_eq!(ResultCode::parse(line.as_bytes()), Err(Malformed), "{line}");
    }
}

#[test]
fn what_would_end_a_text_is_left_out() {
    let mut out = [0; 64];
    let caller = Caller { number: b"1\r\nOK", name: b"A\"B" };
    let length = ResultCode::Clip(caller).write(&mut out).expect("it fits");
    assert_eq!(&out[..length], b"\r\n+CLIP: \"1OK\",129,,,\"AB\"\r\n");
    assert!(Command::Dial(&[b'1'; 80]).write(&mut out).is_err());
}

proptest! {
    #[test]
    fn however_it_is_cut_the_lines_are_the_same(
        text in "[\r\nA-C]{0,80}",
        cuts in proptest::collection::vec(0usize..80, 0..8),
    ) {
        let whole = lines(&[text.as_bytes()]);
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|cut| &text.as_bytes()[cut[0]..cut[1]]).collect();
        prop_assert_eq!(lines(&pieces), whole);
    }

    #[test]
    fn any_line_is_read_or_is_not(line in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = ResultCode::parse(&line);
        let _ = Command::parse(&line);
    }
}
