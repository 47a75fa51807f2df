mod driving;
mod failing;
mod framing;
mod listing;
mod opening;
mod rig;
mod voice;
