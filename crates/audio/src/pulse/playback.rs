//! Sound to a server: it asks and is given; its queue is held at [`QUEUE_MS`]. The stream never
//! waits for a fill (no pre-buffering): when we are late the server plays silence, says so, asks
//! for what was missed as well, drops that, and goes on: late sound does not add to the delay.

use std::ffi::CString;
use std::os::fd::BorrowedFd;

use pulseaudio::protocol::{
    ChannelMap, Command, CreatePlaybackStreamReply, DEFAULT_SINK, DESCRIPTOR_SIZE, Descriptor,
    DescriptorFlags, PlaybackStreamParams, Prop, Props, ProtocolError, PulseError, SampleFormat,
    SampleSpec, encode_descriptor, stream,
};
use rustix::io::Errno;
use rustix::net::{SendFlags, send};

use super::{Connection, Message, gone};
use crate::sink::{Lost, MOST_AT_ONCE, OpenError};

/// Sound in the server's queue, in milliseconds.
const QUEUE_MS: u32 = 20;
/// The least that the server should ask for at once, in milliseconds.
const REQUEST_MS: u32 = 5;
/// Sound kept for a server that does not read.
const OUTPUT: usize = 64 * 1024;
/// Bytes of a stereo frame.
const FRAME: usize = 4;

/// An open `pulse` sink.
pub(crate) struct Playback {
    connection: Connection,
    channel: u32,
    /// Bytes that the server wants.
    wanted: u64,
    output: Vec<u8>,
    underflows: u64,
}

impl Playback {
    pub(crate) fn open(spec: &str, sink: Option<&str>, rate: u32) -> Result<Self, OpenError> {
        let sink_name = CString::new(sink.unwrap_or_default())
            .map_err(|_| OpenError::usage(spec, "a sink's name has no zero byte"))?;
        let bytes = |ms: u32| rate * ms / 1000 * FRAME as u32;
        let mut props = Props::new();
        props.set(Prop::MediaName, c"Bluetooth");
        props.set(Prop::MediaRole, c"music");
        let params = PlaybackStreamParams {
            sample_spec: SampleSpec { format: SampleFormat::S16Le, channels: 2, sample_rate: rate },
            channel_map: ChannelMap::stereo(),
            sink_name: Some(if sink.is_some() { sink_name } else { DEFAULT_SINK.to_owned() }),
            buffer_attr: stream::BufferAttr {
                max_length: bytes(4 * QUEUE_MS),
                target_length: bytes(QUEUE_MS),
                pre_buffering: 0,
                minimum_request_length: bytes(REQUEST_MS),
                ..Default::default()
            },
            flags: stream::StreamFlags { adjust_latency: true, ..Default::default() },
            props,
            ..Default::default()
        };
        let create = Command::CreatePlaybackStream(params);
        let (connection, created): (_, CreatePlaybackStreamReply) =
            Connection::open(&create, |e| refusal(e, sink)).map_err(|refused| OpenError {
                sink: spec.into(),
                reason: refused.reason,
                kind: refused.kind,
            })?;
        Ok(Playback::on(connection, created.channel, created.requested_bytes))
    }

    /// A stream that exists on the server.
    fn on(connection: Connection, channel: u32, wanted: u32) -> Self {
        Playback {
            connection,
            channel,
            wanted: u64::from(wanted),
            output: Vec::with_capacity(OUTPUT),
            underflows: 0,
        }
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.connection.fd()
    }

    pub(crate) fn wants_write(&self) -> bool {
        !self.output.is_empty()
    }

    pub(crate) fn underflows(&self) -> u64 {
        self.underflows
    }

    pub(crate) fn due(&mut self) -> Result<usize, Lost> {
        self.flush()?;
        self.receive()?;
        Ok((self.wanted / FRAME as u64).min(MOST_AT_ONCE) as usize)
    }

    fn receive(&mut self) -> Result<(), Lost> {
        let Playback { connection, channel, wanted, underflows, .. } = self;
        connection.receive(|message| match message {
            Message::Command(Command::Request(request)) if request.channel == *channel => {
                *wanted = wanted.saturating_add(u64::from(request.length));
                Ok(())
            }
            Message::Command(Command::Underflow(underflow)) if underflow.channel == *channel => {
                *underflows += 1;
                Ok(())
            }
            Message::Command(Command::PlaybackStreamKilled(killed)) if *killed == *channel => {
                let reason = "the sound server ended our stream (its device is gone)";
                Err(Lost { reason: reason.into() })
            }
            _ => Ok(()),
        })
    }

    pub(crate) fn write(&mut self, frames: &[i16]) -> Result<(), Lost> {
        let bytes = frames.len() * 2;
        self.wanted = self.wanted.saturating_sub(bytes as u64);
        if self.output.len() + DESCRIPTOR_SIZE + bytes > OUTPUT {
            let reason = "the sound server asks for sound and does not read it";
            return Err(Lost { reason: reason.into() });
        }
        let descriptor = Descriptor {
            length: bytes as u32,
            channel: self.channel,
            offset: 0,
            flags: DescriptorFlags::empty(),
        };
        let mut head = [0; DESCRIPTOR_SIZE];
        encode_descriptor(&mut head, &descriptor);
        self.output.extend_from_slice(&head);
        self.output.extend(frames.iter().flat_map(|sample| sample.to_le_bytes()));
        self.flush()
    }

    /// Sends what the socket takes.
    pub(crate) fn flush(&mut self) -> Result<(), Lost> {
        let mut sent = 0;
        while sent < self.output.len() {
            match send(&self.connection.socket, &self.output[sent..], SendFlags::NOSIGNAL) {
                Ok(n) => sent += n,
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(gone(&error.into())),
            }
        }
        self.output.drain(..sent);
        Ok(())
    }
}

/// Why a stream was not created, and what to do.
fn refusal(error: &ProtocolError, sink: Option<&str>) -> String {
    match (error, sink) {
        (ProtocolError::ServerError(PulseError::NoEntity), Some(sink)) => {
            format!("the server has no sink `{sink}`; `pactl list short sinks` names those it has")
        }
        (ProtocolError::ServerError(PulseError::NoEntity), None) => {
            "the server has no sink at all; plug in or enable a sound device".into()
        }
        _ => format!("the server refused a playback stream: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    use pulseaudio::protocol::{MAX_VERSION, Request, Underflow};

    use super::super::tests::{head, said};
    use super::super::{CONTROL, Connection};
    use super::*;

    /// A stream on channel 7 of a server that the test plays.
    fn pair() -> (Playback, UnixStream) {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        ours.set_nonblocking(true).expect("set");
        (Playback::on(Connection::on(ours, MAX_VERSION), 7, 960), theirs)
    }

    #[test]
    fn requests_count_however_they_are_cut_and_whatever_is_between() {
        let (mut pulse, mut server) = pair();
        let mut words = said(&[Command::Request(Request { channel: 7, length: 400 })]);
        words.extend(head(6, CONTROL));
        words.extend([b'L', 0, 0, 0xff, 0xff, b'L']);
        words.extend(head(100_000, 3));
        words.extend(vec![0x55; 100_000]);
        words.extend(head(0, CONTROL));
        words.extend(said(&[
            Command::Request(Request { channel: 8, length: 4_000 }),
            Command::Underflow(Underflow { channel: 7, offset: 1 }),
            Command::Request(Request { channel: 7, length: 40 }),
        ]));
        for piece in words.chunks(997) {
            server.write_all(piece).expect("room");
            pulse.due().expect("there");
        }
        assert_eq!((pulse.due(), pulse.underflows()), (Ok((960 + 440) / 4), 1));
        pulse.write(&[1; 700]).expect("sent");
        assert_eq!(pulse.due(), Ok(0));
        let mut sent = vec![0; DESCRIPTOR_SIZE + 1_400];
        server.read_exact(&mut sent).expect("sent");
        assert_eq!(sent[..DESCRIPTOR_SIZE], head(1_400, 7));
    }

    #[test]
    fn the_end_of_the_stream_or_the_server_is_noticed() {
        let (mut pulse, mut server) = pair();
        server.write_all(&said(&[Command::PlaybackStreamKilled(7)])).expect("room");
        assert!(pulse.due().expect_err("killed").reason.contains("ended our stream"));
        let (mut pulse, server) = pair();
        drop(server);
        assert!(pulse.due().expect_err("gone").reason.contains("closed the connection"));
        assert!(pulse.write(&[0; 960]).is_err(), "and no signal kills us");
        let (mut pulse, _server) = pair();
        let error = (0..1_000).find_map(|_| pulse.write(&[0; 9_600]).err()).expect("bounded");
        assert!(error.reason.contains("does not read"), "{error}");
    }
}
