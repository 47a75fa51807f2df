use crate::Spec;

#[test]
fn specs_print_as_they_are_written() {
    for text in [
        "tcp:localhost:9000",
        "tcp:127.0.0.1:1",
        "tcp:[::1]:9000",
        "unix:/run/h4",
        "unix:./a:b@c",
        "serial:/dev/ttyUSB0@3000000",
    ] {
        assert_eq!(text.parse::<Spec>().map(|spec| spec.to_string()), Ok(text.to_owned()));
    }
}

#[test]
fn bad_specs_say_what_is_wrong() {
    for (text, reason) in [
        ("", "expected tcp:HOST:PORT, unix:PATH or serial:DEVICE@BAUD"),
        ("usb:0a12:0001", "expected tcp:…, unix:… or serial:…"),
        ("tcp:localhost", "expected tcp:HOST:PORT"),
        ("tcp::9000", "the host is missing: tcp:HOST:PORT"),
        ("tcp:::1:9000", "an IPv6 address is written in brackets: tcp:[::1]:PORT"),
        ("tcp:localhost:0", "the port must be a number from 1 to 65535"),
        ("tcp:localhost:65536", "the port must be a number from 1 to 65535"),
        ("unix:", "the path is missing: unix:PATH"),
        ("serial:/dev/ttyS0", "expected serial:DEVICE@BAUD"),
        ("serial:@115200", "the device is missing: serial:DEVICE@BAUD"),
        ("serial:/dev/ttyS0@fast", "the baud rate must be a number above 0"),
        ("serial:/dev/ttyS0@0", "the baud rate must be a number above 0"),
    ] {
        let bad = text.parse::<Spec>().unwrap_err();
        assert_eq!((bad.text.as_str(), bad.reason), (text, reason));
    }
}
