//! `testbed filter`: a [`Filter`] on the line between H4 hosts and an H4 controller.
//!
//! Each host that connects gets a connection of its own to the controller; the orders are for all of
//! them, and hold for those that come later, too.

use std::io::{self, Error, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use rustix::event::{PollFd, PollFlags};

use crate::control::{Control, is_ready, wait};
use crate::filter::{Filter, Toward};
use crate::hci::Framer;

/// Between whom it stands.
#[derive(Args)]
pub(crate) struct Options {
    /// Where hosts connect: HOST:PORT; port 0 takes a free one.
    #[arg(long)]
    listen: String,
    /// The controller: HOST:PORT.
    #[arg(long)]
    to: String,
    /// The socket for orders.
    #[arg(long)]
    control: PathBuf,
}

/// One host and its controller.
struct Line {
    host: TcpStream,
    controller: TcpStream,
    from_host: Framer,
    from_controller: Framer,
    filter: Filter,
}

/// Filters until it is told to quit.
pub(crate) fn run(options: &Options) -> io::Result<()> {
    let mut control = Control::listen(&options.control)?;
    let listener = TcpListener::bind(&options.listen)?;
    listener.set_nonblocking(true)?;
    println!("filter: ready {}", listener.local_addr()?);
    let start = Instant::now();
    let (mut lines, mut said): (Vec<Line>, Vec<String>) = (Vec::new(), Vec::new());
    loop {
        let now = start.elapsed();
        lines.retain_mut(|line| line.pass(now).is_ok());
        let ready = {
            let mut waits: Vec<PollFd<'_>> = control.waits().collect();
            let first = waits.len();
            waits.push(PollFd::new(&listener, PollFlags::IN));
            for line in &lines {
                waits.push(PollFd::new(&line.host, PollFlags::IN));
                waits.push(PollFd::new(&line.controller, PollFlags::IN));
            }
            let wake = lines.iter().filter_map(|line| line.filter.wake_at()).min();
            wait(&mut waits, wake.map(|wake| wake.saturating_sub(start.elapsed())))?;
            waits[first + 1..].iter().map(is_ready).collect::<Vec<bool>>()
        };
        let now = start.elapsed();
        for (client, order) in control.lines() {
            if order == "quit" {
                control.answer(client, "ok");
                return Ok(());
            }
            let answer = obey(&order, &mut lines, &mut said, now);
            control.answer(client, &answer);
        }
        let mut ready = ready.chunks_exact(2);
        lines.retain_mut(|line| {
            let [host, controller] = *ready.next().unwrap_or(&[false, false]) else { return true };
            line.read(now, host, controller).is_ok()
        });
        while let Ok((host, _)) = listener.accept() {
            // A host whose controller is not to be had is hung up on.
            if let Ok(line) = Line::open(host, &options.to, &said) {
                lines.push(line);
            }
        }
    }
}

/// Gives an order to all lines, and keeps it for those to come.
fn obey(order: &str, lines: &mut [Line], said: &mut Vec<String>, now: Duration) -> String {
    let words: Vec<&str> = order.split_whitespace().collect();
    match Filter::default().order(&words, now) {
        None => return format!("error: `{order}` is no order"),
        Some(Err(error)) => return format!("error: {error}"),
        Some(Ok(())) => {}
    }
    for line in lines {
        let _ = line.filter.order(&words, now);
    }
    // What is done to the next packets, or now, is for those who are there.
    if !["drop", "duplicate", "damage", "inject"].contains(&words[0]) {
        said.push(order.to_owned());
    }
    "ok".to_owned()
}

impl Line {
    fn open(host: TcpStream, to: &str, said: &[String]) -> io::Result<Line> {
        let controller = TcpStream::connect(to)?;
        for socket in [&host, &controller] {
            socket.set_nodelay(true)?;
            socket.set_nonblocking(false)?;
        }
        let mut filter = Filter::default();
        for order in said {
            let words: Vec<&str> = order.split_whitespace().collect();
            let _ = filter.order(&words, Duration::ZERO);
        }
        let (from_host, from_controller) = (Framer::default(), Framer::default());
        Ok(Line { host, controller, from_host, from_controller, filter })
    }

    /// Reads what came. An error where one side is gone or speaks no H4.
    fn read(&mut self, now: Duration, host: bool, controller: bool) -> io::Result<()> {
        let garbled = |_| Error::other("no H4");
        if host {
            receive(&mut self.host, &mut self.from_host)?;
            while let Some(packet) = self.from_host.next().map_err(garbled)? {
                self.filter.host_sends(now, packet);
            }
        }
        if controller {
            receive(&mut self.controller, &mut self.from_controller)?;
            while let Some(packet) = self.from_controller.next().map_err(garbled)? {
                self.filter.controller_sends(now, packet);
            }
        }
        Ok(())
    }

    /// Passes on what is due.
    fn pass(&mut self, now: Duration) -> io::Result<()> {
        while let Some((toward, packet)) = self.filter.poll(now) {
            let mut bytes = Vec::new();
            packet.write(&mut bytes);
            match toward {
                Toward::Host => self.host.write_all(&bytes)?,
                Toward::Controller => self.controller.write_all(&bytes)?,
            }
        }
        Ok(())
    }
}

fn receive(from: &mut TcpStream, framer: &mut Framer) -> io::Result<()> {
    let mut room = [0; 1 << 14];
    match from.read(&mut room)? {
        0 => Err(Error::other("gone")),
        length => {
            framer.push(&room[..length]);
            Ok(())
        }
    }
}
