//! What MULTIPOINT promises, held against a whole receiver and phones in virtual time.

mod chase;
mod initiative;
mod media;
mod owner;
mod paging;
mod receiver;
mod remote;
mod seats;

use host::Settings;
use multipoint::Takeover;

const ANNA: usize = 0;
const BEN: usize = 1;
const CLEO: usize = 2;

fn with(takeover: Takeover) -> Settings {
    let policy = multipoint::Policy { takeover, ..multipoint::Policy::default() };
    Settings { policy, ..Settings::default() }
}
