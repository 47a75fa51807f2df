//! The demonstration: the receiver's main job on the embedded simulator, heard, captured and drawn.
//!
//! In real time it is a receiver like any other, with its threads, on the controller `sim`. With
//! `fast` the same host, engine, capture and world are stepped in virtual time by one thread.

mod stage;
mod story;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use host::{AnswerHow, Command};

use crate::config::Config;
use crate::hub::Next;
use crate::notice::What;
use crate::receiver::Receiver;
use story::Story;

/// How the demonstration is run.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// In virtual time, as fast as it goes.
    pub fast: bool,
    /// Where its files go; made if it is not there.
    pub folder: PathBuf,
}

impl Default for DemoOptions {
    fn default() -> Self {
        DemoOptions { fast: false, folder: "tandem-demo".into() }
    }
}

/// How long pairing mode stays open: until the last phone has come.
const PAIRING_SECONDS: u32 = 60;
/// What the receiver's owner does: presses the answer button.
const ANSWER: Command = Command::Answer { how: AnswerHow::Default, phone: None, index: None };

/// Runs the demonstration and says on `out` what happens.
///
/// # Errors
/// A sentence: a file that cannot be written, or a controller that did not come up.
pub fn run(options: &DemoOptions, out: &mut dyn Write) -> Result<(), String> {
    let folder = &options.folder;
    let fail = |what: &str| {
        let place = folder.join(what).display().to_string();
        move |error: std::io::Error| format!("{place}: {error}")
    };
    std::fs::create_dir_all(folder).map_err(fail(""))?;
    let mut story = Story::new(out);
    let pace = if options.fast { "in virtual time" } else { "in real time" };
    story.say(format_args!(
        "A virtual dongle and three virtual phones, {pace}: {} s of music and calls.\n\
         What people do stands on the left; indented below it, what the receiver notices and does.\n\
         ♪ is what is heard: each phone's music is a tone of its own, and so is each call.\n",
        sim::DEMO_LENGTH.as_secs()
    ));
    if options.fast {
        stage::run(folder, &mut story)?
    } else {
        live(folder, &mut story)?
    }
    let capture =
        snoop::Capture::open(&folder.join("capture.btsnoop")).map_err(|e| e.to_string())?;
    let timeline = snoop::Timeline::of(capture.records());
    std::fs::write(folder.join("timeline.svg"), timeline.to_svg()).map_err(fail("timeline.svg"))?;
    let of_ours = if options.fast { " (our own part takes no virtual time)" } else { "" };
    story.say(format_args!(
        "\nHear it:  {0}/heard.wav\nSee it:   {0}/timeline.svg{of_ours}\n\
         Study it: {0}/capture.btsnoop (opens in Wireshark)",
        folder.display()
    ));
    Ok(())
}

fn config(folder: &Path) -> Config {
    Config {
        controller: "sim".into(),
        sound: Some(format!("wav:{}", folder.join("heard.wav").display())),
        microphone: Some("null".into()),
        snoop: Some(folder.join("capture.btsnoop")),
        state_dir: Some(folder.join("state")),
        pair: Some(PAIRING_SECONDS),
        ..Config::default()
    }
}

/// As a receiver with its threads.
fn live(folder: &Path, story: &mut Story<'_>) -> Result<(), String> {
    // The phones of the demonstration are new each time.
    let _ = std::fs::remove_dir_all(folder.join("state"));
    let receiver = Receiver::open(config(folder)).map_err(|error| error.to_string())?;
    let events = receiver.subscribe().map_err(|error| error.to_string())?;
    let act = |story: &mut Story<'_>, now| {
        for _ in 0..story.act(now) {
            receiver.submit(ANSWER);
        }
    };
    loop {
        let now = Duration::from_secs_f64(receiver.seconds());
        act(story, now);
        let next = story.next_at().map_or(sim::DEMO_LENGTH, |next| next.min(sim::DEMO_LENGTH));
        if now >= sim::DEMO_LENGTH {
            break;
        }
        match events.next(Some(next.saturating_sub(now))) {
            Next::Notice(notice) => {
                if let What::Event(event) = &notice.what {
                    // What led to it comes first.
                    act(story, Duration::from_secs_f64(notice.t));
                    story.tell(notice.t, event);
                }
            }
            Next::TimedOut => {}
            Next::Closed => return Err("the receiver ended by itself".into()),
        }
    }
    receiver.close();
    let _ = std::fs::remove_dir_all(folder.join("state"));
    Ok(())
}
