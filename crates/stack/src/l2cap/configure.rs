//! What we think of a peer's configuration request (Core 5.4, Vol 3, Part A, 5 and 7.1).

use wire::l2cap::{
    ConfigOption, ConfigurationResult, MINIMUM_MTU, Mode, Options, OptionsBuilder,
    QualityOfService, Retransmission, ServiceType,
};

/// Octets of options that one configuration may have over all its continued requests.
pub(super) const COLLECTED: usize = 128;
/// Octets of options in a response, so that it fits the smallest signalling MTU.
pub(super) const ANSWER: usize = 48 - 10;

/// The verdict on a peer's parameters.
#[derive(Debug)]
pub(super) struct Verdict<'b> {
    /// The result.
    pub(super) result: ConfigurationResult,
    /// What it is about.
    pub(super) options: Options<'b>,
    /// The MTU that the peer named, if the result is a success.
    pub(super) mtu: Option<u16>,
}

/// Judges `options`; the answer's options are built in `answer`.
pub(super) fn judge<'b>(options: Options<'_>, answer: &'b mut [u8; ANSWER]) -> Verdict<'b> {
    if options.iter().any(|option| is_unknown(&option)) {
        return unknown(options, answer);
    }
    let mut mtu = None;
    let mut counter = OptionsBuilder::new(answer);
    let mut acceptable = true;
    for option in options.iter() {
        let proposal = match option {
            ConfigOption::Mtu(value) if value < MINIMUM_MTU => ConfigOption::Mtu(MINIMUM_MTU),
            ConfigOption::Mtu(value) => {
                mtu = Some(value);
                continue;
            }
            ConfigOption::FlushTimeout(0) => ConfigOption::FlushTimeout(u16::MAX),
            ConfigOption::QualityOfService(q)
                if !matches!(q.service_type, ServiceType::NoTraffic | ServiceType::BestEffort) =>
            {
                ConfigOption::QualityOfService(QualityOfService::BEST_EFFORT)
            }
            ConfigOption::Retransmission(r) if r.mode != Mode::Basic => {
                ConfigOption::Retransmission(Retransmission::BASIC)
            }
            _ => continue,
        };
        acceptable = false;
        // A peer that repeats an option until the answer is full has been told enough.
        if counter.push(proposal).is_err() {
            break;
        }
    }
    if acceptable {
        Verdict { result: ConfigurationResult::SUCCESS, options: Options::NONE, mtu }
    } else {
        let options = counter.finish();
        Verdict { result: ConfigurationResult::UNACCEPTABLE, options, mtu: None }
    }
}

/// Whether the option has to be refused as unknown: so are those of features that we do not claim.
fn is_unknown(option: &ConfigOption<'_>) -> bool {
    matches!(
        option,
        ConfigOption::Unknown { hint: false, .. }
            | ConfigOption::ExtendedFlow(_)
            | ConfigOption::ExtendedWindow(_)
    )
}

fn unknown<'b>(options: Options<'_>, answer: &'b mut [u8; ANSWER]) -> Verdict<'b> {
    let mut list = OptionsBuilder::new(answer);
    for option in options.iter().filter(is_unknown) {
        // One whose value does not fit is named without it.
        let named = list.push(option).or_else(|full| match option {
            ConfigOption::Unknown { option_type, hint, .. } => {
                list.push(ConfigOption::Unknown { option_type, hint, value: &[] })
            }
            _ => Err(full),
        });
        if named.is_err() {
            break;
        }
    }
    Verdict { result: ConfigurationResult::UNKNOWN_OPTIONS, options: list.finish(), mtu: None }
}
