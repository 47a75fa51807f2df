use super::{Config, KEYS, When};

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

#[test]
fn what_calls_go_by_is_set_and_changed() {
    use host::Change;

    let phone = "AA:BB:CC:DD:EE:FF".parse().unwrap();
    let mut config = Config::default();
    let text = "answer = \"end\"\nresume = \"never\"\nresume_call = \"never\"\nblips = \"mix\"\n\
                resume_delay_ms = 250\nresume_within = 60\npause_check_s = 1.5\n\
                voice_codecs = [\"cvsd\"]\necho_cancellation = \"receiver\"\n\
                microphone = \"tone:440\"\ntones.ring = \"r.wav\"\ntones.waiting = \"w.wav\"\n\
                [phone.\"AA:BB:CC:DD:EE:FF\"]\npriority = 7\nauto_answer = true\nname = \"Ann\"\n";
    config.read_text(text).unwrap();
    let settings = config.host_settings();
    assert!(!settings.msbc && settings.noise_reduction_off);
    assert_eq!(config.microphone.as_deref(), Some("tone:440"));
    assert_eq!(config.ring_tone, Some("r.wav".into()));
    assert_eq!(config.waiting_tone, Some("w.wav".into()));
    for (key, change) in [
        ("answer", Change::AnswerEnds(true)),
        ("resume", Change::Resume(false)),
        ("resume_call", Change::ResumeCall(false)),
        ("blips", Change::Blips(true)),
        ("resume_delay_ms", Change::ResumeDelayMs(250)),
        ("resume_within", Change::ResumeWithinSeconds(60)),
        ("pause_check_s", Change::PauseCheckSeconds(1.5)),
    ] {
        assert_eq!(config.change(key, None), Some(change), "{key}");
    }
    for key in KEYS.iter().filter(|key| key.when == When::Running) {
        assert!(config.shown().contains_key(key.name), "{}", key.name);
    }
    let of_phone = |key| config.change(key, Some(phone));
    assert_eq!(of_phone("priority"), Some(Change::Priority { phone, priority: 7 }));
    assert_eq!(of_phone("auto_answer"), Some(Change::AutoAnswer { phone, on: true }));
    assert_eq!(of_phone("takeover"), None);
    assert_eq!(config.phone_names()[&phone], "Ann");

    for wrong in ["answer = \"maybe\"", "voice_codecs = [\"lc3\"]", "resume_delay_ms = -1"] {
        assert!(error(wrong).contains("must be"), "{wrong}");
    }
    assert_eq!(config.shown()["answer"], "end");
    assert_eq!(Config::default().shown()["resume"], "auto");
}

#[test]
fn the_table_of_a_controller_counts_when_it_is_used() {
    let text = "seats = 2\nname = \"Any\"\n[controller.\"usb:0a12:0001\"]\nseats = 1\n\
                name = \"Old\"\nsound.rate = 44100\n[controller.\"usb:1-2\"]\nseats = 5\n";
    let mut config = Config::default();
    config.read_text(text).unwrap();
    config.set("name", "Mine").unwrap();
    let mut other = config.clone();
    other.take_controller().unwrap();
    assert_eq!((other.seats, other.rate), (2, 48_000));
    config.controller = "usb:0a12:0001".into();
    for _ in 0..2 {
        config.take_controller().unwrap();
        assert_eq!((config.seats, config.rate), (1, 44_100));
        // What was not set by the file counts before its tables.
        assert_eq!(config.settings.name, "Mine");
    }

    // Beside a key `controller`, which no table of that name may stand beside.
    let mut config = Config::default();
    let text = "controller = \"usb:1-2\"\n[\"controller.usb:1-2\"]\nrealtime.cpu = [1]\n";
    config.read_text(text).unwrap();
    config.take_controller().unwrap();
    assert_eq!(config.cpus, [1]);

    let wrong = Config::default().read_text("[controller.sim]\n\nseats = 9").unwrap_err();
    assert_eq!((wrong.line, wrong.key.as_deref()), (Some(3), Some("seats")));
    assert!(error("[controller.sim]\ncontroller = \"usb\"").contains("what the table is for"));
    assert!(error("[controller.sim]\nseets = 2").contains("did you mean seats"));
}

#[test]
fn media_codecs_are_in_order_and_sbc_is_among_them() {
    use host::Codec::{Aac, Sbc};
    let mut config = Config::default();
    config.set("codecs", "[\"sbc\"]").unwrap();
    assert_eq!(config.settings.codecs, [Sbc]);
    let reason = |value: &str| Config::default().set("codecs", value).unwrap_err().to_string();
    let obliged = "codecs: must name \"sbc\" too, which A2DP asks of every receiver";
    assert_eq!(reason("[\"aac\"]"), obliged);
    assert_eq!(reason("[]"), obliged);
    assert_eq!(reason("[\"sbc\", \"sbc\"]"), "codecs: names a codec twice");
    assert!(reason("[\"ldac\"]").ends_with("must be one of aac, sbc"));
    if cfg!(feature = "aac") {
        assert_eq!(Config::default().settings.codecs, [Aac, Sbc]);
        config.set("codecs", "[\"sbc\", \"aac\"]").unwrap();
        assert_eq!(config.settings.codecs, [Sbc, Aac]);
    } else {
        assert_eq!(Config::default().settings.codecs, [Sbc]);
        assert_eq!(
            reason("[\"aac\", \"sbc\"]"),
            "codecs: names \"aac\", which this build is without"
        );
    }
}
