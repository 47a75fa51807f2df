//! The command line, and the configuration that it makes.

use std::fmt;
use std::path::PathBuf;

use clap::Parser;
use tandem::Config;

const EXAMPLES: &str = "\
Every flag but --config, --pair and --set is also a key of the configuration file, which is TOML.
What is given here counts before what the file says, and a flag before --set.

Signals: SIGTERM and SIGINT say goodbye to the phones and end it, a second one ends it at once (exit code 1);
SIGHUP reads the configuration file again.

Exit codes: 0 done, 1 the system failed, 2 usage or configuration, 3 no such controller, 4 permission,
5 the controller failed.

Examples:
  tandemd --controller sim --sound wav:heard.wav --pair 60
                         no hardware: simulated phones that pair and play music
  tandemd --controller serial:/dev/ttyUSB0@115200 --name Kitchen --pair 180
                         as \"Kitchen\", open for pairing for three minutes
  tandemd --controller tcp:127.0.0.1:6402 --set takeover=first --set seats=3
                         three phones at once; who plays first stays heard";

/// A Bluetooth receiver that keeps several phones connected at once.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "tandemd", version, after_help = EXAMPLES)]
pub struct Arguments {
    /// Read this configuration file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Which controller: usb, usb:VVVV:PPPP, usb:BUS-PORT, usb:serial=TEXT, tcp:HOST:PORT,
    /// unix:PATH, serial:/dev/ttyX@BAUD, sim [default: usb]
    #[arg(long, value_name = "SPEC", verbatim_doc_comment)]
    pub controller: Option<String>,

    /// Keep bonds in this folder
    /// [default: $STATE_DIRECTORY, else $XDG_STATE_HOME/tandem, else ~/.local/state/tandem;
    /// those of sim end with it unless this is given]
    #[arg(long, value_name = "DIR", verbatim_doc_comment)]
    pub state_dir: Option<PathBuf>,

    /// The control socket
    /// [default: $RUNTIME_DIRECTORY/control, else $XDG_RUNTIME_DIR/tandem/control]
    #[arg(long, value_name = "SOCKET", verbatim_doc_comment)]
    pub control: Option<PathBuf>,

    /// Where sound goes: pulse, pulse:SINK, wav:FILE, raw:FILE, raw:-, null
    /// [default: pulse where a server answers, else null]
    #[arg(long, value_name = "SINK", verbatim_doc_comment)]
    pub sound: Option<String>,

    /// Where the microphone is: pulse, pulse:SOURCE, wav:FILE, tone:HZ, null
    #[arg(long, value_name = "SOURCE")]
    pub microphone: Option<String>,

    /// Write everything that passes to and from the controller into this btsnoop file
    #[arg(long, value_name = "FILE")]
    pub snoop: Option<PathBuf>,

    /// What phones see it as
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,

    /// Open pairing mode at start for so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub pair: Option<u32>,

    /// Set a key of the configuration; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = assignment)]
    pub settings: Vec<(String, String)>,

    /// How much is logged: error, warn, info, debug, trace [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub log: Option<String>,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().into(), value.trim().into()))
        }
        _ => Err("must be KEY=VALUE, as in takeover=mix".into()),
    }
}

/// A mistake in the configuration: the file's line or the flag, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake(String);

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Arguments {
    /// The configuration: the defaults, then the file and its table of the controller, then `--set`,
    /// then the flags.
    pub fn configuration(&self) -> Result<Config, Mistake> {
        let mut config = Config::default();
        if let Some(file) = &self.config {
            config.read(file).map_err(|error| Mistake(error.to_string()))?;
        }
        for (key, value) in &self.settings {
            config
                .set(key, value)
                .map_err(|error| Mistake(format!("--set {key}={value}: {error}")))?;
        }
        for (flag, key, value) in self.flags() {
            // In quotation marks, so that `--name 42` is text.
            let text = toml::Value::String(value.clone()).to_string();
            config.set(key, &text).map_err(|error| Mistake(format!("{flag} {value}: {error}")))?;
        }
        config.pair = self.pair.or(config.pair);
        config.take_controller().map_err(|error| Mistake(error.to_string()))?;
        Ok(config)
    }

    /// Whether a key was given on the command line, so that the file's value does not count.
    pub fn overrides(&self, key: &str) -> bool {
        self.settings.iter().any(|(set, _)| set == key)
            || self.flags().iter().any(|(_, flag, _)| *flag == key)
    }

    /// The flags that are keys: flag, key, value.
    fn flags(&self) -> Vec<(&'static str, &'static str, String)> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|p| p.display().to_string());
        [
            ("--controller", "controller", self.controller.clone()),
            ("--state-dir", "state_dir", path(&self.state_dir)),
            ("--control", "control", path(&self.control)),
            ("--sound", "sound", self.sound.clone()),
            ("--microphone", "microphone", self.microphone.clone()),
            ("--snoop", "snoop", path(&self.snoop)),
            ("--name", "name", self.name.clone()),
            ("--log", "log.level", self.log.clone()),
        ]
        .into_iter()
        .filter_map(|(flag, key, value)| Some((flag, key, value?)))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Arguments {
        Arguments::try_parse_from([&["tandemd"], arguments].concat()).unwrap()
    }

    fn mistake(arguments: &[&str]) -> String {
        parse(arguments).configuration().unwrap_err().to_string()
    }

    #[test]
    fn flags_count_before_settings_and_these_before_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tandem.toml");
        std::fs::write(&file, "name = \"File\"\nseats = 3\ntakeover = \"mix\"\n").unwrap();
        let file = file.to_str().unwrap();
        let arguments =
            parse(&["--config", file, "--set", "name=Set", "--set", "seats=4", "--name", "42"]);
        let config = arguments.configuration().unwrap();
        assert_eq!(config.settings.name, "42");
        assert_eq!(config.seats, 4);
        assert_eq!(
            config.settings.policy.takeover,
            parse(&["--set", "takeover=mix"]).configuration().unwrap().settings.policy.takeover
        );
        assert!(arguments.overrides("name") && arguments.overrides("seats"));
        assert!(!arguments.overrides("takeover"));
    }

    #[test]
    fn every_flag_reaches_its_key() {
        let config = parse(&[
            "--controller",
            "tcp:h:1",
            "--state-dir",
            "/s",
            "--control",
            "/c",
            "--sound",
            "null",
            "--microphone",
            "tone:440",
            "--snoop",
            "/f",
            "--name",
            "N \"q\" \\",
            "--pair",
            "60",
            "--log",
            "debug",
        ])
        .configuration()
        .unwrap();
        assert_eq!(config.controller, "tcp:h:1");
        assert_eq!(config.state_dir, Some("/s".into()));
        assert_eq!(config.control, Some("/c".into()));
        assert_eq!(config.sound, Some("null".into()));
        assert_eq!(config.snoop, Some("/f".into()));
        assert_eq!(config.settings.name, "N \"q\" \\");
        assert_eq!(config.pair, Some(60));
        assert_eq!(config.log_level, "debug");
    }

    #[test]
    fn the_table_of_the_chosen_controller_counts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tandem.toml");
        let text = "control = \"/a\"\nseats = 3\n[controller.sim]\ncontrol = \"/b\"\nseats = 4\n";
        std::fs::write(&file, text).unwrap();
        let with = |more: &[&str]| {
            let own = ["--config", file.to_str().unwrap()];
            parse(&[&own[..], more].concat()).configuration().unwrap()
        };
        assert_eq!(with(&[]).control, Some("/a".into()));
        let chosen = with(&["--controller", "sim", "--set", "seats=5"]);
        assert_eq!((chosen.control, chosen.seats), (Some("/b".into()), 5));
    }

    #[test]
    fn a_mistake_names_where_it_stands() {
        let text = mistake(&["--set", "takeover=loudest"]);
        assert!(text.starts_with("--set takeover=loudest: takeover: "), "{text}");
        assert!(text.contains("first"), "{text}");
        let text = mistake(&["--log", "loud"]);
        assert!(text.starts_with("--log loud: log.level: "), "{text}");
        let text = mistake(&["--config", "/nowhere/tandem.toml"]);
        assert!(text.contains("/nowhere/tandem.toml"), "{text}");
    }

    #[test]
    fn usage_mistakes_are_told_by_the_parser() {
        for wrong in [&["--set", "seats"][..], &["--set", "=3"], &["--pair", "0"], &["--sond"]] {
            let arguments = [&["tandemd"], wrong].concat();
            let error = Arguments::try_parse_from(arguments).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{wrong:?}");
        }
    }
}
