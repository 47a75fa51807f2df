//! Sound from a server's source: one channel, in fragments of [`FRAGMENT_US`]. What nobody takes within
//! [`KEPT_US`] is dropped, the oldest first: late speech is worth less than none.

use std::collections::VecDeque;
use std::ffi::CString;
use std::os::fd::BorrowedFd;

use pulseaudio::protocol::{
    ChannelMap, Command, CreateRecordStreamReply, DEFAULT_SOURCE, Prop, Props, ProtocolError,
    PulseError, RecordStreamParams, SampleFormat, SampleSpec, stream,
};

use super::{Connection, Message, Refused};
use crate::sink::{Lost, OpenErrorKind};

/// How much is handed over at once, in microseconds: a packet waits for it.
const FRAGMENT_US: u32 = 2_500;
/// The most that is kept, in microseconds, here and in the server.
const KEPT_US: u32 = 100_000;

/// How many samples there are in so many microseconds.
fn samples(rate: u32, us: u32) -> u32 {
    (u64::from(rate) * u64::from(us) / 1_000_000) as u32
}

/// An open source.
pub(crate) struct Recording {
    connection: Connection,
    channel: u32,
    heard: VecDeque<i16>,
    /// Samples kept at most.
    most: usize,
}

impl Recording {
    /// Opens a source, or the server's default one.
    pub(crate) fn open(source: Option<&str>, rate: u32) -> Result<Self, Refused> {
        let source_name = CString::new(source.unwrap_or_default()).map_err(|_| Refused {
            kind: OpenErrorKind::Usage,
            reason: "a source's name has no zero byte".into(),
        })?;
        let bytes = |us: u32| samples(rate, us) * 2;
        let mut props = Props::new();
        props.set(Prop::MediaName, c"Bluetooth");
        props.set(Prop::MediaRole, c"phone");
        let params = RecordStreamParams {
            sample_spec: SampleSpec { format: SampleFormat::S16Le, channels: 1, sample_rate: rate },
            channel_map: ChannelMap::mono(),
            source_name: Some(if source.is_some() {
                source_name
            } else {
                DEFAULT_SOURCE.to_owned()
            }),
            buffer_attr: stream::BufferAttr {
                max_length: bytes(KEPT_US),
                fragment_size: bytes(FRAGMENT_US),
                ..Default::default()
            },
            flags: stream::StreamFlags { adjust_latency: true, ..Default::default() },
            props,
            ..Default::default()
        };
        let create = Command::CreateRecordStream(params);
        let (connection, created): (_, CreateRecordStreamReply) =
            Connection::open(&create, |e| refusal(e, source))?;
        Ok(Recording::on(connection, created.channel, rate))
    }

    /// A stream that exists on the server.
    fn on(connection: Connection, channel: u32, rate: u32) -> Self {
        let most = samples(rate, KEPT_US) as usize;
        Recording { connection, channel, heard: VecDeque::with_capacity(most), most }
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.connection.fd()
    }

    /// How many samples there are.
    pub(crate) fn due(&mut self) -> Result<usize, Lost> {
        let Recording { connection, channel, heard, most } = self;
        connection.receive(|message| match message {
            Message::Data(of, bytes) if of == *channel => {
                for &sample in bytes.as_chunks::<2>().0 {
                    if heard.len() == *most {
                        heard.pop_front();
                    }
                    heard.push_back(i16::from_le_bytes(sample));
                }
                Ok(())
            }
            Message::Command(Command::RecordStreamKilled(killed)) if *killed == *channel => {
                let reason = "the sound server ended our stream (its device is gone)";
                Err(Lost { reason: reason.into() })
            }
            _ => Ok(()),
        })?;
        Ok(self.heard.len())
    }

    /// The oldest samples; silence where there are none.
    pub(crate) fn read(&mut self, out: &mut [i16]) {
        out.fill_with(|| self.heard.pop_front().unwrap_or(0));
    }
}

/// Why a stream was not created, and what to do.
fn refusal(error: &ProtocolError, source: Option<&str>) -> String {
    match (error, source) {
        (ProtocolError::ServerError(PulseError::NoEntity), Some(source)) => format!(
            "the server has no source `{source}`; `pactl list short sources` names those it has"
        ),
        (ProtocolError::ServerError(PulseError::NoEntity), None) => {
            "the server has no source at all; plug in or enable a microphone".into()
        }
        _ => format!("the server refused a recording stream: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    use pulseaudio::protocol::MAX_VERSION;

    use super::super::tests::{head, said};
    use super::*;

    /// A stream on channel 7 of a server that the test plays.
    fn pair() -> (Recording, UnixStream) {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        ours.set_nonblocking(true).expect("set");
        (Recording::on(Connection::on(ours, MAX_VERSION), 7, 16_000), theirs)
    }

    fn fragment(channel: u32, samples: &[i16]) -> Vec<u8> {
        let mut bytes = head(2 * samples.len() as u32, channel).to_vec();
        bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        bytes
    }

    #[test]
    fn of_what_comes_the_newest_is_kept() {
        let (mut recording, mut server) = pair();
        assert_eq!(recording.due(), Ok(0));
        server.write_all(&fragment(8, &[1; 5])).expect("room");
        server.write_all(&fragment(7, &[1, 2, 3])).expect("room");
        assert_eq!(recording.due(), Ok(3));
        let mut out = [9; 4];
        recording.read(&mut out);
        assert_eq!(out, [1, 2, 3, 0]);
        for n in 0..20 {
            server.write_all(&fragment(7, &[n; 160])).expect("room");
            recording.due().expect("there");
        }
        assert_eq!(recording.due(), Ok(1_600), "a tenth of a second");
        let mut out = [0; 1_600];
        recording.read(&mut out);
        assert_eq!((out[0], out[1_599], recording.due()), (10, 19, Ok(0)));
    }

    #[test]
    fn its_end_is_noticed() {
        let (mut recording, mut server) = pair();
        server.write_all(&said(&[Command::RecordStreamKilled(8)])).expect("room");
        assert_eq!(recording.due(), Ok(0));
        server.write_all(&said(&[Command::RecordStreamKilled(7)])).expect("room");
        assert!(recording.due().expect_err("killed").reason.contains("ended our stream"));
        let (mut recording, server) = pair();
        drop(server);
        assert!(recording.due().expect_err("gone").reason.contains("closed the connection"));
    }
}
