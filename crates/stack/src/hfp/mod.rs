//! HFP 1.9: calls, over one RFCOMM line of a link, and the voice links that they want.
//!
//! | module | what it is |
//! |---|---|
//! | [`hands_free`] | [`HandsFree`]: our side, with one phone |
//! | [`gateway`] | [`Gateway`](gateway::Gateway): the phone's side, for phones that are simulated |
//! | [`headset`] | HSP 1.2, for phones that know no HFP |
//! | [`call`] | a call, and the text of who it is with |
//! | [`record`] | the service records |
//!
//! Each takes the bytes of its line, and puts out what is to be sent and what has become known. Voice
//! links are opened and closed by others, who are told which codec is wanted.

pub mod call;
pub mod gateway;
pub mod hands_free;
pub mod headset;
pub mod record;
#[cfg(test)]
mod tests;

pub use call::{Call, CallerName, MAX_CALLS, Number};
pub use hands_free::HandsFree;
