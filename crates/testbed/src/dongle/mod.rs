//! `testbed dongle`: a Bluetooth dongle on the guest's bus, with an H4 controller behind it.
//!
//! A socket pair is made, one end handed to `vhci_hcd`, and USB/IP spoken on the other. Each dongle
//! is a process with a port of the virtual hub to itself. It is plugged in at its start unless it is
//! told otherwise, and each time gets a controller of its own: a new connection.

mod descriptors;
mod device;
mod orders;
mod pipe;
mod voice;

use std::fs;
use std::io::{self, Error, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use rustix::event::{PollFd, PollFlags};

use crate::control::{Control, is_ready, wait};
use crate::filter::{Filter, Toward};
use crate::hci::Framer;
use crate::usbip;
use descriptors::{Identity, Lie};
use device::Device;
use orders::Order;

/// Where the virtual host controller is.
const VHCI: &str = "/sys/devices/platform/vhci_hcd.0";
/// Full speed, as the kernel counts speeds.
const FULL_SPEED: u32 = 2;
/// How long a port that was just emptied may take to be free.
const FREE: Duration = Duration::from_secs(3);
/// One frame of the bus.
const FRAME: Duration = Duration::from_millis(1);
/// How long packets wait for others to go in one transfer with.
const MERGING: Duration = Duration::from_millis(5);
/// How far the frames may fall behind while the host has no room: then they pass without it.
const PATIENCE: Duration = Duration::from_millis(200);

/// What a dongle is like.
#[derive(Args)]
pub(crate) struct Options {
    /// The H4 controller behind it: HOST:PORT.
    #[arg(long)]
    h4: String,
    /// The socket for orders.
    #[arg(long)]
    control: PathBuf,
    /// The port of the virtual hub, from 0.
    #[arg(long, default_value_t = 0)]
    port: u32,
    /// Vendor and product.
    #[arg(long, default_value = "1209:0b1e", value_parser = ids)]
    id: (u16, u16),
    /// The serial number; none, as with cheap dongles, where it is left out.
    #[arg(long)]
    serial: Option<String>,
    /// How the descriptors lie.
    #[arg(long, default_value_t = Lie::None)]
    descriptors: Lie,
    /// Wait for the order to plug in.
    #[arg(long)]
    unplugged: bool,
}

fn ids(text: &str) -> Result<(u16, u16), String> {
    let hex = |digits| u16::from_str_radix(digits, 16).ok();
    let ids =
        text.split_once(':').and_then(|(vendor, product)| Some((hex(vendor)?, hex(product)?)));
    ids.ok_or_else(|| format!("`{text}` is not VVVV:PPPP"))
}

/// The dongle and the wires to it.
struct Dongle {
    options: Options,
    device: Device,
    filter: Filter,
    wires: Option<Wires>,
    start: Instant,
    /// When the next frame passes.
    next_frame: Duration,
    /// When what waits for others goes without them.
    merged_by: Option<Duration>,
    starved: u64,
}

/// What is there while it is plugged in.
struct Wires {
    bus: UnixStream,
    from_bus: Vec<u8>,
    controller: TcpStream,
    framer: Framer,
}

/// Plays a dongle until it is told to quit.
pub(crate) fn run(options: Options) -> io::Result<()> {
    let mut control = Control::listen(&options.control)?;
    let (vendor, product) = options.id;
    let (serial, lie) = (options.serial.clone(), options.descriptors);
    let mut dongle = Dongle {
        device: Device::new(Identity { vendor, product, serial, lie }),
        filter: Filter::default(),
        wires: None,
        start: Instant::now(),
        next_frame: Duration::ZERO,
        merged_by: None,
        starved: 0,
        options,
    };
    if !dongle.options.unplugged {
        dongle.plug()?;
    }
    println!("dongle: ready");
    loop {
        dongle.pass()?;
        let (bus, controller) = {
            let mut waits: Vec<PollFd<'_>> = control.waits().collect();
            let orders = waits.len();
            if let Some(wires) = &dongle.wires {
                waits.push(PollFd::new(&wires.bus, PollFlags::IN));
                waits.push(PollFd::new(&wires.controller, PollFlags::IN));
            }
            wait(&mut waits, dongle.time_left())?;
            let ready = |at: usize| waits.get(at).is_some_and(is_ready);
            (ready(orders), ready(orders + 1))
        };
        for (client, line) in control.lines() {
            let answer = dongle.order(&line);
            let quit = answer.is_none();
            control.answer(client, &answer.unwrap_or_else(|| "ok".to_owned()));
            if quit {
                return Ok(());
            }
        }
        dongle.read(bus, controller)?;
    }
}

impl Dongle {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Does what a line says, and answers; nothing where it ends the dongle.
    fn order(&mut self, line: &str) -> Option<String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let now = self.now();
        let done = match orders::order(&mut self.device, &words) {
            Some(Ok(Some(Order::Quit))) => return None,
            Some(Ok(Some(Order::Status))) => return Some(self.status()),
            Some(Ok(Some(Order::Help))) => return Some(orders::HELP.to_owned()),
            Some(Ok(Some(Order::Plug))) => self.plug().map_err(|error| error.to_string()),
            Some(Ok(Some(Order::Unplug))) => {
                self.wires = None;
                Ok(())
            }
            Some(done) => done.map(|_| ()),
            None => match self.filter.order(&words, now) {
                Some(done) => done,
                None => Err(format!("`{line}` is no order; `help` lists them")),
            },
        };
        Some(done.map_or_else(|error| format!("error: {error}"), |()| "ok".to_owned()))
    }

    /// Connects to the controller and appears on the bus.
    fn plug(&mut self) -> io::Result<()> {
        if self.wires.is_some() {
            return Err(Error::other("it is plugged in already"));
        }
        let refused = |error| Error::other(format!("{}: {error}", self.options.h4));
        let mut controller = TcpStream::connect(&self.options.h4).map_err(refused)?;
        controller.set_nodelay(true)?;
        controller.set_nonblocking(false)?;
        let (bus, kernels) = UnixStream::pair()?;
        let port = self.options.port;
        let line = format!("{port} {} {} {FULL_SPEED}", kernels.as_raw_fd(), 0x1_0000 | (port + 2));
        let start = Instant::now();
        while let Err(error) = fs::write(format!("{VHCI}/attach"), &line) {
            if start.elapsed() > FREE {
                return Err(Error::other(format!("{VHCI}: port {port}: {error}")));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        controller.flush()?;
        self.filter.clear();
        self.device.power_up();
        self.wires =
            Some(Wires { bus, from_bus: Vec::new(), controller, framer: Framer::default() });
        Ok(())
    }

    /// How long nothing is to be done unless something comes.
    fn time_left(&self) -> Option<Duration> {
        self.wires.as_ref()?;
        let voice = &self.device.voice;
        // Where the host has no room, it will say so when it has.
        let frame = (voice.runs() && voice.is_ready()).then_some(self.next_frame);
        let starving = (voice.runs() && !voice.is_ready()).then_some(self.next_frame + PATIENCE);
        let wake =
            [frame, starving, self.merged_by, self.filter.wake_at()].into_iter().flatten().min()?;
        Some(wake.saturating_sub(self.now()))
    }

    /// Reads what came from the bus and from the controller.
    fn read(&mut self, bus: bool, controller: bool) -> io::Result<()> {
        let now = self.now();
        let Some(wires) = &mut self.wires else { return Ok(()) };
        let mut room = [0; 1 << 16];
        if bus {
            match wires.bus.read(&mut room) {
                // The kernel let go of the port.
                Ok(0) => {
                    self.wires = None;
                    return Ok(());
                }
                Ok(length) => wires.from_bus.extend(&room[..length]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => self.wires = None,
                Err(error) => return Err(error),
            }
        }
        if let (true, Some(wires)) = (controller, &mut self.wires) {
            let length = wires.controller.read(&mut room)?;
            if length == 0 {
                return Err(Error::other("the controller went away"));
            }
            wires.framer.push(&room[..length]);
            while let Some(packet) = wires.framer.next().map_err(|garbled| {
                Error::other(format!("the controller speaks no H4: {:#04x}", garbled.0))
            })? {
                self.filter.controller_sends(now, packet);
            }
        }
        let Some(wires) = &mut self.wires else { return Ok(()) };
        let mut at = 0;
        while let Some((request, length)) = usbip::parse(&wires.from_bus[at..])
            .map_err(|_| Error::other("the kernel speaks no USB/IP"))?
        {
            self.device.request(request);
            at += length;
        }
        wires.from_bus.drain(..at);
        Ok(())
    }

    /// Passes on what is due, and lets frames pass.
    fn pass(&mut self) -> io::Result<()> {
        let now = self.now();
        self.frames(now);
        for packet in self.device.packets.drain(..) {
            self.filter.host_sends(now, packet);
        }
        let mut out = Vec::new();
        while let Some((toward, packet)) = self.filter.poll(now) {
            match toward {
                Toward::Host => self.device.receive(&packet),
                Toward::Controller => packet.write(&mut out),
            }
        }
        self.merged_by = self.device.is_merging().then(|| self.merged_by.unwrap_or(now + MERGING));
        if self.merged_by.is_some_and(|by| by <= now) {
            self.merged_by = None;
            self.device.flush();
        }
        let answers = std::mem::take(&mut self.device.answers);
        let Some(wires) = &mut self.wires else { return Ok(()) };
        wires.controller.write_all(&out)?;
        match wires.bus.write_all(&answers) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.wires = None,
            done => done?,
        }
        Ok(())
    }

    /// Frames pass by the clock. Where we or the host are late they wait for the host, so that
    /// lateness of a machine without real time costs no voice; a host that stays away loses some.
    fn frames(&mut self, now: Duration) {
        if !self.device.voice.runs() {
            self.next_frame = now + FRAME;
            return;
        }
        while self.next_frame <= now {
            if !self.device.voice.is_ready() {
                if now - self.next_frame < PATIENCE {
                    return;
                }
                self.starved += 1;
            }
            self.device.frame();
            self.next_frame += FRAME;
        }
    }

    /// What happened, as JSON.
    fn status(&self) -> String {
        let (counters, voice) = (&self.device.counters, &self.device.voice);
        serde_json::json!({
            "plugged": self.wires.is_some(),
            "descriptors": self.device.identity.lie.to_string(),
            "commands": counters.commands,
            "events": counters.events,
            "data_in": counters.data_in,
            "data_out": counters.data_out,
            "data_torn": counters.data_torn,
            "unlinks": counters.unlinks,
            "setting": voice.setting,
            "frames": voice.counters.frames,
            "starved": self.starved,
            "voice_in": voice.counters.in_packets,
            "voice_out": voice.counters.out_packets,
            "voice_out_silent": voice.counters.out_silent,
            "voice_out_garbled": voice.counters.out_garbled,
            "voice_out_late": voice.counters.out_late,
            "underruns": voice.counters.underruns,
            "overruns": voice.counters.overruns,
            "busy_changes": voice.counters.busy_changes,
        })
        .to_string()
    }
}
