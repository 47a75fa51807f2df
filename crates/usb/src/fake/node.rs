//! The end for a transport: what usbfs would do.

use std::os::fd::{AsFd, BorrowedFd};
use std::ptr::{self, NonNull};
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;

use super::{Blocking, Call, FakeNode, Transfer, endpoint};
use crate::system::{Kind, Mapping, Node, Urb};

// SAFETY: memory is touched through `Transfer`s alone, which exist from `submit` to `reap`.
unsafe impl Node for FakeNode {
    const READY: PollFlags = PollFlags::IN;

    fn fd(&self) -> BorrowedFd<'_> {
        self.0.ready.as_fd()
    }

    fn descriptors(&self) -> Result<Vec<u8>, Errno> {
        let mut state = self.0.state();
        state.call(Call::Descriptors)?;
        Ok(state.descriptors.clone())
    }

    fn map(&self, len: usize) -> Result<Mapping, Errno> {
        self.0.state().call(Call::Map)?;
        let memory = Box::leak(vec![0u8; len].into_boxed_slice());
        let address = memory.as_mut_ptr() as usize;
        let release = move || {
            let memory = ptr::slice_from_raw_parts_mut(address as *mut u8, len);
            // SAFETY: leaked above, and given back once.
            drop(unsafe { Box::from_raw(memory) });
        };
        Ok(Mapping { start: NonNull::from(memory).cast(), release: Box::new(release) })
    }

    fn driver(&self, interface: u8) -> Result<String, Errno> {
        let driver = self.0.state().drivers[usize::from(interface)];
        driver.map(str::to_owned).ok_or(Errno::NODATA)
    }

    fn claim(&self, interface: u8) -> Result<(), Errno> {
        let mut state = self.0.state();
        state.call(Call::Claim)?;
        let interface = usize::from(interface);
        if state.drivers[interface] == Some("usbfs") {
            return Err(Errno::BUSY);
        }
        state.drivers[interface] = Some("usbfs");
        state.ours[interface] = true;
        Ok(())
    }

    fn release(&self, interface: u8) -> Result<(), Errno> {
        let mut state = self.0.state();
        state.call(Call::Release)?;
        let interface = usize::from(interface);
        if !state.ours[interface] {
            return Err(Errno::INVAL);
        }
        (state.ours[interface], state.drivers[interface]) = (false, None);
        state.settings[interface] = 0;
        Ok(())
    }

    fn attach(&self, interface: u8) -> Result<(), Errno> {
        let mut state = self.0.state();
        state.call(Call::Attach)?;
        if state.drivers[usize::from(interface)].is_none() {
            state.drivers[usize::from(interface)] = Some("btusb");
        }
        Ok(())
    }

    fn set_interface(&self, interface: u8, setting: u8) -> Result<(), Errno> {
        let mut state = self.0.state();
        state.call(Call::SetInterface)?;
        let voice = [endpoint::VOICE_IN, endpoint::VOICE_OUT];
        let in_flight = voice.iter().any(|endpoint| state.first(*endpoint).is_some());
        state.log.push(format!("setting {setting}{}", if in_flight { " in flight" } else { "" }));
        state.settings[usize::from(interface)] = setting;
        Ok(())
    }

    fn clear_halt(&self, endpoint: u8) -> Result<(), Errno> {
        let mut state = self.0.state();
        state.call(Call::ClearHalt)?;
        state.halted.retain(|halted| *halted != endpoint);
        Ok(())
    }

    fn reset(&self) -> Result<(), Errno> {
        self.0.state().call(Call::Reset)
    }

    fn control(&self, head: [u8; 6], data: &mut [u8], _: Duration) -> Result<usize, Errno> {
        let mut state = self.0.state();
        state.call(Call::Control)?;
        let reads = head[0] & 0x80 != 0;
        let serve = state.serve.as_mut().ok_or(Errno::PIPE)?;
        let answer = serve(Blocking::Request(head, if reads { &[] } else { data }, data.len()))?;
        if reads {
            data[..answer.len()].copy_from_slice(&answer);
        }
        Ok(if reads { answer.len() } else { data.len() })
    }

    fn bulk(&self, endpoint: u8, data: &mut [u8], _: Duration) -> Result<usize, Errno> {
        let mut state = self.0.state();
        state.call(Call::Bulk)?;
        let serve = state.serve.as_mut().ok_or(Errno::PIPE)?;
        serve(Blocking::Bulk(endpoint, data)).map(|_| data.len())
    }

    unsafe fn submit(&self, urb: NonNull<Urb>) -> Result<(), Errno> {
        let mut state = self.0.state();
        state.call(Call::Submit)?;
        // SAFETY: the caller says that it is valid until it is reaped.
        let iso = unsafe { urb.as_ref() }.kind == Kind::Isochronous as u8;
        let packets =
            if iso { Vec::with_capacity(crate::system::MOST_PACKETS) } else { Vec::new() };
        state.pending.push_back(Transfer { urb, moved: 0, packets, status: 0 });
        if !state.packets.is_empty() || !state.halted.is_empty() {
            state.run();
            self.0.signal(&mut state);
        }
        Ok(())
    }

    fn reap(&self) -> Result<Option<NonNull<Urb>>, Errno> {
        let mut state = self.0.state();
        state.call(Call::Reap)?;
        let done = state.done.pop_front();
        if done.is_none() && state.gone {
            return Err(Errno::NODEV);
        }
        self.0.signal(&mut state);
        Ok(done.map(Transfer::write_down))
    }

    fn discard(&self, urb: NonNull<Urb>) -> Result<(), Errno> {
        let mut state = self.0.state();
        state.call(Call::Discard)?;
        if state.stuck {
            return Ok(());
        }
        let Some(index) = state.pending.iter().position(|transfer| transfer.urb == urb) else {
            return Err(Errno::INVAL);
        };
        state.finish(index, -Errno::NOENT.raw_os_error());
        self.0.signal(&mut state);
        Ok(())
    }
}
