use super::{Config, KEYS};

fn error(text: &str) -> String {
    Config::default().read_text(text).unwrap_err().to_string()
}

#[test]
fn a_file_sets_what_it_names() {
    let mut config = Config::default();
    config
        .read_text(
            "name = \"Kitchen\"\nseats = 3\nsound = \"null\"\nsound.rate = 44100\n\
             [pairing]\nseconds = 60\n[phone.\"AA:BB:CC:DD:EE:FF\"]\ntakeover = false\n",
        )
        .unwrap_err();
    config
        .read_text(
            "name = \"Kitchen\"\nseats = 3\n[sound]\nrate = 44100\n\
             [pairing]\nseconds = 60\n[phone.\"AA:BB:CC:DD:EE:FF\"]\ntakeover = false\n",
        )
        .unwrap();
    assert_eq!(config.settings.name, "Kitchen");
    assert_eq!((config.seats, config.rate, config.settings.pairing_seconds), (3, 44100, 60));
    assert_eq!(config.phones.values().next().unwrap().takeover, Some(false));
    assert_eq!(config.host_settings().policy.seats, 3);
}

#[test]
fn a_key_may_stand_beside_those_that_begin_with_it() {
    let mut config = Config::default();
    config.read_text("sound = \"null\"\n\"sound.rate\" = 44100").unwrap();
    assert_eq!((config.sound.as_deref(), config.rate), (Some("null"), 44100));
}

#[test]
fn a_mistake_is_named_with_its_line_and_key() {
    assert_eq!(error("seats = 2\nseets = 2\n"), "seets: is not a key; did you mean seats?");
    let config = Config::default().read_text("seats = 2\n\nseats_ = 9").unwrap_err();
    assert_eq!(config.line, Some(3));
    assert_eq!(error("seats = 9"), "seats: must be a whole number from 1 to 6");
    assert_eq!(
        error("takeover = \"lst\""),
        "takeover: is \"lst\"; must be one of last, first, first-mute, mix"
    );
    assert!(error("phone.x.takeover = true").contains("not an address"));
    assert!(Config::default().read_text("name = ").unwrap_err().line.is_some());
}

#[test]
fn nothing_of_a_wrong_file_counts() {
    let mut config = Config::default();
    config.read_text("name = \"New\"\nseats = 99").unwrap_err();
    assert_eq!(config, Config::default());
}

#[test]
fn the_command_line_sets_the_same_keys() {
    let mut config = Config::default();
    config.set("takeover", "mix").unwrap();
    config.set("multipoint", "false").unwrap();
    config.set("name", "42").unwrap();
    config.set("phone.AA:BB:CC:DD:EE:FF.takeover", "false").unwrap();
    config.set("realtime.cpu", "[0, 1]").unwrap();
    assert_eq!(config.settings.policy.takeover, multipoint::Takeover::Mix);
    assert_eq!(config.settings.name, "42");
    assert_eq!(config.host_settings().policy.seats, 1);
    assert_eq!(config.cpus, [0, 1]);
    // What the engine cannot do would only be brought into its range, and sound wrong.
    let limits = [("sound.latency_ms", audio::MAX_LATENCY_MS), ("sound.rate", 96_000)];
    for (key, most) in limits {
        config.set(key, &most.to_string()).unwrap();
        assert!(config.set(key, &(most + 1).to_string()).is_err());
    }
    assert!(config.set("sound.rate", "8000").is_err());
    for nonsense in ["nan", "inf", "-1", "1e99", "", "0x", "99999999999999999999"] {
        assert!(config.set("blip_s", nonsense).is_err(), "{nonsense}");
        assert!(config.set("seats", nonsense).is_err(), "{nonsense}");
    }
    assert!(config.set("name", "").is_err() && config.set("name", &"ü".repeat(125)).is_err());
    config.set("name", &"ü".repeat(124)).unwrap();
}

#[test]
fn keys_are_named_once() {
    for (n, key) in KEYS.iter().enumerate() {
        assert!(KEYS[..n].iter().all(|other| other.name != key.name), "{}", key.name);
    }
}
