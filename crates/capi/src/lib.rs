//! The C library: opaque objects and numbered answers over the crate `tandem`.
//!
//! What a program sees is `include/tandem.h`, which cbindgen makes from these files; its opening
//! comment says what may be called from which thread. This crate adds no protocol and no policy.
//!
//! Every function is a call in a `guard`: a panic becomes [`Status::Panicked`], a failure its
//! number, and a sentence for `tandem_last_error`. Every pointer is checked for null and alignment;
//! that it points to what it should is the caller's promise, and what the SAFETY notes rest on.

mod answer;
mod audio;
mod calls;
mod config;
mod event;
mod pointer;
mod receiver;

pub use answer::{Status, tandem_last_error, tandem_status_text, tandem_version};
pub use audio::{
    Audio, EchoCanceller, TANDEM_AUDIO_MEDIA, TANDEM_AUDIO_MIX, TANDEM_AUDIO_VOICE,
    tandem_audio_close, tandem_audio_fd, tandem_audio_open, tandem_audio_read, tandem_audio_write,
    tandem_config_set_canceller,
};
pub use calls::{
    tandem_receiver_answer, tandem_receiver_assistant, tandem_receiver_battery,
    tandem_receiver_dial, tandem_receiver_hang_up, tandem_receiver_hold, tandem_receiver_merge,
    tandem_receiver_mute, tandem_receiver_private, tandem_receiver_redial, tandem_receiver_reject,
    tandem_receiver_swap, tandem_receiver_tones, tandem_receiver_transfer, tandem_receiver_voice,
};
pub use config::{
    Config, tandem_config_free, tandem_config_new, tandem_config_read, tandem_config_set,
};
pub use event::{
    Event, Kind, tandem_event_count, tandem_event_flag, tandem_event_free, tandem_event_json,
    tandem_event_kind, tandem_event_number, tandem_event_result, tandem_event_seq,
    tandem_event_text, tandem_event_time,
};
pub use receiver::{
    Receiver, tandem_receiver_close, tandem_receiver_confirm, tandem_receiver_connect,
    tandem_receiver_disconnect, tandem_receiver_fd, tandem_receiver_forget, tandem_receiver_media,
    tandem_receiver_next, tandem_receiver_open, tandem_receiver_pair, tandem_receiver_set,
    tandem_receiver_status, tandem_receiver_stop_pairing, tandem_receiver_volume,
    tandem_receiver_wait,
};
