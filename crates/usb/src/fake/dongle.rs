//! The end for a test: what happens on the bus.

use rustix::io::Errno;

use super::{Blocking, Call, FakeDongle, State, endpoint};

impl FakeDongle {
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.0.state();
        let changed = change(&mut state);
        state.run();
        self.0.signal(&mut state);
        changed
    }

    /// Sends a packet of the bus.
    pub fn packet(&self, endpoint: u8, bytes: &[u8]) {
        self.change(|state| state.packets.push_back((endpoint, bytes.to_vec())));
    }

    /// Sends octets in packets of the endpoint's size, and an empty one behind if the last is not
    /// short, unless the dongle forgets it.
    pub fn transfer(&self, endpoint: u8, bytes: &[u8], forgets: bool) {
        let size = if endpoint == endpoint::EVENTS { 16 } else { 64 };
        for packet in bytes.chunks(size) {
            self.packet(endpoint, packet);
        }
        if bytes.len().is_multiple_of(size) && !forgets {
            self.packet(endpoint, &[]);
        }
    }

    /// Sends an event.
    pub fn event(&self, bytes: &[u8]) {
        self.transfer(endpoint::EVENTS, bytes, false);
    }

    /// Sends a data packet.
    pub fn acl(&self, bytes: &[u8]) {
        self.transfer(endpoint::ACL_IN, bytes, false);
    }

    /// Takes what is to be sent to an endpoint next: a control request with its eight octets in front.
    pub fn take(&self, endpoint: u8) -> Option<Vec<u8>> {
        self.change(|state| {
            let index = state.first(endpoint)?;
            let transfer = &mut state.pending[index];
            transfer.moved = transfer.length();
            let bytes = transfer.bytes(0, transfer.moved);
            state.finish(index, 0);
            Some(bytes)
        })
    }

    /// Has the next transfer of an endpoint fail, after so many octets. A stall stays until it is
    /// cleared, except on endpoint 0.
    pub fn fail(&self, endpoint: u8, error: Errno, moved: usize) {
        self.change(|state| {
            if let Some(index) = state.first(endpoint) {
                state.pending[index].moved = moved;
                state.finish(index, -error.raw_os_error());
            }
            if error == Errno::PIPE && endpoint != endpoint::COMMANDS {
                state.halted.push(endpoint);
            }
        });
    }

    /// One frame of the bus: a voice packet from the dongle (or how it failed), and gives what went
    /// to the dongle, if a transfer had a packet for it.
    pub fn frame(&self, voice: Result<&[u8], Errno>) -> Option<Vec<u8>> {
        self.change(|state| {
            if let Some(index) = state.first(endpoint::VOICE_IN) {
                let transfer = &mut state.pending[index];
                let (offset, length) = transfer.next_packet();
                let (bytes, status) = match voice {
                    Ok(bytes) => (bytes, 0),
                    Err(error) => (&[][..], -error.raw_os_error()),
                };
                assert!(bytes.len() <= length, "a packet larger than the endpoint's");
                transfer.moved = offset;
                transfer.fill(bytes);
                if transfer.packet_done(bytes.len(), status) {
                    state.finish(index, 0);
                }
            }
            let index = state.first(endpoint::VOICE_OUT)?;
            let transfer = &mut state.pending[index];
            let (offset, length) = transfer.next_packet();
            let bytes = transfer.bytes(offset, length);
            if transfer.packet_done(length, 0) {
                state.finish(index, 0);
            }
            Some(bytes)
        })
    }

    /// Has a call fail, the next so many times.
    pub fn refuse(&self, call: Call, error: Errno, times: usize) {
        self.change(|state| state.failures.push((call, error, times)));
    }

    /// Lets transfers that are discarded stay where they are.
    pub fn stick(&self) {
        self.change(|state| state.stuck = true);
    }

    /// Pulls the dongle out.
    pub fn unplug(&self) {
        self.change(|state| {
            state.gone = true;
            while !state.pending.is_empty() {
                state.finish(0, -Errno::SHUTDOWN.raw_os_error());
            }
        });
    }

    /// Gives an interface to a driver.
    pub fn bind(&self, interface: u8, driver: Option<&'static str>) {
        self.change(|state| state.drivers[usize::from(interface)] = driver);
    }

    /// The drivers of the two interfaces.
    pub fn drivers(&self) -> [Option<&'static str>; 2] {
        self.0.state().drivers
    }

    /// The alternate setting of the voice interface.
    pub fn setting(&self) -> u8 {
        self.0.state().settings[1]
    }

    /// The changes of alternate settings so far.
    pub fn log(&self) -> Vec<String> {
        self.0.state().log.clone()
    }

    /// Who answers requests and data that are not transfers of their own; without one they stall.
    pub fn serve(
        &self,
        serve: impl FnMut(Blocking<'_>) -> Result<Vec<u8>, Errno> + Send + 'static,
    ) {
        self.change(|state| state.serve = Some(Box::new(serve)));
    }

    /// How often a call was made.
    pub fn calls(&self, call: Call) -> u64 {
        self.0.state().calls[call as usize]
    }

    /// How many transfers an endpoint has.
    pub fn pending(&self, endpoint: u8) -> usize {
        self.0.state().pending.iter().filter(|of| of.endpoint() == endpoint).count()
    }

    /// How many transfers were not reaped yet.
    pub fn in_flight(&self) -> usize {
        let state = self.0.state();
        state.pending.len() + state.done.len()
    }
}
