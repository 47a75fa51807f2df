//! AVDTP 1.3, 8.21, for our endpoints: what they offer, what a configuration asks for and whether
//! that can be, and what a peer's offer has in common with ours.
//!
//! Offered: media transport, media codec, delay reporting, SCMS-T. Reporting, recovery, header
//! compression and multiplexing are not: a configuration that asks for one is rejected.

use wire::a2dp::ScmsT;
use wire::avdtp::{
    Capabilities, Capability, Category, ContentProtection, EndpointType, ErrorCode, MediaCodec,
    MediaType, Reject, Seid,
};

use super::output::Endpoint;
use super::stream::Agreement;
use crate::a2dp::{Codec, Configuration};

/// Octets of the longest list of service capabilities that we write.
pub(super) const MAX_SERVICES: usize = 32;

/// A written list of service capabilities.
pub(super) type Services = heapless::Vec<u8, MAX_SERVICES>;

fn add(services: &mut Services, capability: &Capability<'_>) {
    let mut element = [0u8; MAX_SERVICES];
    let written = capability.write(&mut element).ok();
    let fits = written.and_then(|n| services.extend_from_slice(&element[..n]).ok());
    debug_assert!(fits.is_some(), "our own capabilities fit");
}

fn scms_t() -> Capability<'static> {
    Capability::ContentProtection(ContentProtection { cp_type: ScmsT::CP_TYPE, specific: &[] })
}

/// What `endpoint` offers; `all` adds what GET_CAPABILITIES does not tell (8.7, 8.8).
pub(super) fn offered(endpoint: &Endpoint, bitpool_cap: u8, all: bool) -> Services {
    let mut services = Services::new();
    add(&mut services, &Capability::MediaTransport);
    if endpoint.scms_t {
        add(&mut services, &scms_t());
    }
    let information = endpoint.codec.information(bitpool_cap);
    add(&mut services, &media_codec(endpoint.codec.codec_type(), &information));
    if all && endpoint.delay_reporting {
        add(&mut services, &Capability::DelayReporting);
    }
    services
}

fn media_codec(codec_type: wire::avdtp::CodecType, information: &[u8]) -> Capability<'_> {
    Capability::MediaCodec(MediaCodec { media_type: MediaType::AUDIO, codec_type, information })
}

/// The services of a configuration, as SET_CONFIGURATION carries them.
pub(super) fn agreed(agreement: &Agreement) -> Services {
    let mut services = Services::new();
    add(&mut services, &Capability::MediaTransport);
    if agreement.scms_t {
        add(&mut services, &scms_t());
    }
    let information = agreement.configuration.information();
    add(&mut services, &media_codec(agreement.configuration.codec_type(), &information));
    if agreement.delay_reporting {
        add(&mut services, &Capability::DelayReporting);
    }
    services
}

/// The services of a reconfiguration: the codec alone.
pub(super) fn recoded(configuration: &Configuration) -> Services {
    let mut services = Services::new();
    let information = configuration.information();
    add(&mut services, &media_codec(configuration.codec_type(), &information));
    services
}

/// Reads what a SET_CONFIGURATION asks of `endpoint` (8.9).
pub(super) fn requested(
    endpoint: &Endpoint,
    peer: Seid,
    services: Capabilities<'_>,
) -> Result<Agreement, Reject> {
    let mut transport = false;
    let mut configuration = None;
    let (mut delay_reporting, mut scms_t) = (false, false);
    for element in services.elements() {
        let category = element.category;
        let reject = |code| Reject::Category { category, code };
        let again = match element.read().map_err(reject)? {
            Capability::MediaTransport => core::mem::replace(&mut transport, true),
            Capability::MediaCodec(codec) => {
                configuration.replace(endpoint.codec.validate(&codec).map_err(reject)?).is_some()
            }
            Capability::ContentProtection(cp) => {
                protection(endpoint, &cp).map_err(reject)?;
                core::mem::replace(&mut scms_t, true)
            }
            Capability::DelayReporting if endpoint.delay_reporting => {
                core::mem::replace(&mut delay_reporting, true)
            }
            _ => return Err(reject(ErrorCode::UNSUPPORTED_CONFIGURATION)),
        };
        if again {
            return Err(reject(ErrorCode::UNSUPPORTED_CONFIGURATION));
        }
    }
    let lacking =
        |category| Reject::Category { category, code: ErrorCode::UNSUPPORTED_CONFIGURATION };
    let configuration = configuration.ok_or(lacking(Category::MEDIA_CODEC))?;
    if !transport {
        return Err(lacking(Category::MEDIA_TRANSPORT));
    }
    Ok(Agreement { peer, configuration, delay_reporting, scms_t })
}

fn protection(endpoint: &Endpoint, cp: &ContentProtection<'_>) -> Result<(), ErrorCode> {
    if !endpoint.scms_t || cp.cp_type != ScmsT::CP_TYPE {
        Err(ErrorCode::INVALID_CP_TYPE)
    } else if !cp.specific.is_empty() {
        Err(ErrorCode::INVALID_CP_FORMAT)
    } else {
        Ok(())
    }
}

/// Reads what a RECONFIGURE asks of `endpoint` (8.11): the codec, the content protection, or both.
pub(super) fn reconfigured(
    endpoint: &Endpoint,
    current: &Agreement,
    services: Capabilities<'_>,
) -> Result<Agreement, Reject> {
    let mut agreement = *current;
    let mut empty = true;
    for element in services.elements() {
        let category = element.category;
        let reject = |code| Reject::Category { category, code };
        match element.read().map_err(reject)? {
            Capability::MediaCodec(codec) => {
                agreement.configuration = endpoint.codec.validate(&codec).map_err(reject)?;
            }
            Capability::ContentProtection(cp) => {
                protection(endpoint, &cp).map_err(reject)?;
                agreement.scms_t = true;
            }
            _ => return Err(reject(ErrorCode::INVALID_CAPABILITIES)),
        }
        empty = false;
    }
    if empty {
        let code = ErrorCode::INVALID_CAPABILITIES;
        return Err(Reject::Category { category: Category::NONE, code });
    }
    Ok(agreement)
}

/// What could be agreed on between `endpoint` and a peer's endpoint that offers `services`.
pub(super) fn in_common(
    endpoint: &Endpoint,
    peer: Seid,
    services: Capabilities<'_>,
    bitpool_cap: u8,
) -> Option<Agreement> {
    let codec: &Codec = &endpoint.codec;
    // A peer may list several codecs for one endpoint, though it should not.
    let configuration = services.known().find_map(|capability| match capability {
        Capability::MediaCodec(offer) => codec.choose(&offer, bitpool_cap),
        _ => None,
    })?;
    if !services.has(Category::MEDIA_TRANSPORT) {
        return None;
    }
    let delay_reporting = endpoint.delay_reporting && services.has(Category::DELAY_REPORTING);
    Some(Agreement { peer, configuration, delay_reporting, scms_t: false })
}

/// The end of a stream that goes with this one.
pub(super) fn counterpart(endpoint_type: EndpointType) -> EndpointType {
    match endpoint_type {
        EndpointType::Source => EndpointType::Sink,
        EndpointType::Sink => EndpointType::Source,
    }
}
