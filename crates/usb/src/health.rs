//! How a dongle is doing: what went wrong and was made good.

/// Counters since the dongle was opened, and how full the queues are now.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Health {
    /// Transfers that found no spare block to go on with, and waited for one.
    pub missed_refills: u64,
    /// Stalls that were ended.
    pub stalls: u64,
    /// Transfers that failed on the bus and were begun again.
    pub resubmits: u64,
    /// Packets to the controller that a failure on the bus cost.
    pub dropped: u64,
    /// Transfers that the system had no memory for at once.
    pub no_memory: u64,
    /// Times that the way to the next packet was lost and found again, voice included.
    pub resyncs: u64,
    /// Packets that were damaged or impossible, voice included.
    pub bad_packets: u64,
    /// Transfers that the driver before us had left in the pipes.
    pub stale: u64,
    /// Packets that wait to be sent, voice not included.
    pub queued: usize,
    /// Voice packets that wait to be sent.
    pub voice_queued: usize,
    /// Isochronous packets that went out empty while voice was on.
    pub voice_starved: u64,
    /// Isochronous packets that did not come, or came damaged.
    pub voice_lost: u64,
    /// Voice packets to the controller that came too fast, or while there was no voice.
    pub voice_dropped: u64,
}
