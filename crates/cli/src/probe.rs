//! `tandem probe`: the Bluetooth dongles of this machine.

use std::io::Write;

use serde_json::{Value, json};
use tandem::usb::{self, Dongle};

use crate::failure::Failure;
use crate::phone::clean;

pub(crate) fn run(json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let dongles = usb::list().map_err(|error| Failure::Failed(error.to_string()))?;
    if json {
        let list: Vec<Value> = dongles.iter().map(to_json).collect();
        writeln!(out, "{:#}", json!({ "dongles": list }))?;
        return Ok(());
    }
    if dongles.is_empty() {
        writeln!(
            out,
            "No Bluetooth dongle is plugged in, or this machine does not show its USB devices."
        )?;
    }
    for dongle in &dongles {
        for line in lines(dongle) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

fn lines(dongle: &Dongle) -> Vec<String> {
    let mut lines = vec![clean(&dongle.to_string())];
    let mut add = |what: &str, text: &str| lines.push(format!("  {what:8}{}", clean(text)));
    if let Some(serial) = &dongle.serial {
        add("serial", serial);
    }
    add("driver", dongle.driver.as_deref().unwrap_or("none"));
    add("access", &dongle.access.to_string());
    if let Some(remedy) = dongle.access.remedy() {
        add("to do", &remedy);
    }
    for quirk in &dongle.quirks {
        add("quirk", quirk);
    }
    lines
}

fn to_json(dongle: &Dongle) -> Value {
    json!({
        "controller": format!("usb:{}", dongle.path()),
        "vendor": format!("{:04x}", dongle.vendor),
        "product": format!("{:04x}", dongle.product),
        "manufacturer": dongle.manufacturer,
        "name": dongle.name,
        "serial": dongle.serial,
        "driver": dongle.driver,
        "node": dongle.node,
        "may_open": dongle.access.is_granted(),
        "access": dongle.access.to_string(),
        "to_do": dongle.access.remedy(),
        "quirks": dongle.quirks,
    })
}

#[cfg(test)]
mod tests {
    use tandem::usb::Access;

    use super::*;

    #[test]
    fn a_dongle_is_told_with_what_to_do() {
        let dongle = Dongle {
            bus: 1,
            ports: vec![4, 2],
            address: 7,
            vendor: 0x0a12,
            product: 1,
            manufacturer: None,
            name: Some("CSR\u{7}8510".into()),
            serial: None,
            driver: Some("btusb".into()),
            node: "/dev/bus/usb/001/007".into(),
            access: Access::NoNode("/dev/bus/usb/001/007".into()),
            quirks: vec!["odd"],
        };
        let lines = lines(&dongle);
        assert_eq!(lines[0], "usb:1-4.2 0a12:0001 CSR 8510");
        assert!(lines.contains(&"  driver  btusb".into()), "{lines:?}");
        assert!(lines.iter().any(|line| line.starts_with("  to do   Plug")), "{lines:?}");
        assert!(lines.contains(&"  quirk   odd".into()), "{lines:?}");
        let json = to_json(&dongle);
        assert_eq!(json["controller"], "usb:1-4.2");
        assert_eq!(json["vendor"], "0a12");
        assert_eq!(json["may_open"], false);
    }
}
