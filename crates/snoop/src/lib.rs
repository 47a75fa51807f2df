//! HCI captures in the btsnoop format: [`Writer`] writes them, [`Capture`] reads them, and
//! [timeline] tells who was connected, streaming and heard when.
//!
//! Tandem's own captures have the Linux-monitor link type (2001), which carries notes ([`note`])
//! between the packets and opens in Wireshark and btmon; 1002 can be written, and 1001, 1002 and 2001
//! read. Keys are blanked unless asked for.
//!
//! There is no clock here: times are handed in. Limits: packets to 4 GiB in theory, the reader's memory
//! map in practice. Not here: pcap files (but [`Pcap`] makes
//! one of ours into that), Apple's PacketLogger, BCSP and H5 records, live capture.

mod format;
mod keys;
pub mod note;
mod pcap;
mod reader;
#[cfg(test)]
mod tests;
pub mod timeline;
mod writer;

pub use format::{Direction, LinkType};
pub use keys::without_keys;
pub use pcap::Pcap;
pub use reader::{Capture, Content, ReadError, Record, Records};
pub use timeline::Timeline;
pub use writer::{LONGEST_NOTE, Writer, shortened};
