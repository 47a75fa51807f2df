//! What synchronous connections are asked to be: the parameter sets of HFP 1.8, 5.7, and what we
//! accept (Core 5.4, Vol 4, Part E, 7.1.26, 7.1.27, 7.1.45, 7.1.46).

use wire::hci::{
    CodingFormat, EnhancedSynchronousParameters, LmpFeatures, RetransmissionEffort, Status,
    SynchronousParameters, VoicePacketTypes, VoiceSetting,
};

use crate::VoiceCodec;

/// Octets a second on the air, either way.
const BANDWIDTH: u32 = 8000;
/// Octets a second between host and controller of CVSD's 16-bit linear samples.
const LINEAR_BANDWIDTH: u32 = 16_000;
/// Octets in a frame of the air's coding: 7.5 ms.
const FRAME_SIZE: u16 = 60;
/// Two's complement (Assigned Numbers, 2.12); 0 where there are no samples.
const TWOS_COMPLEMENT: u8 = 2;
/// The latency, if it does not matter.
const ANY_LATENCY: u16 = 0xFFFF;

// Each set has one packet type. Those at enhanced data rate are allowed by not being forbidden.
const TWO_EV3: VoicePacketTypes =
    VoicePacketTypes::NO_3EV3.union(VoicePacketTypes::NO_2EV5).union(VoicePacketTypes::NO_3EV5);
const NO_EDR: VoicePacketTypes = VoicePacketTypes::NO_2EV3.union(TWO_EV3);
const EV3: VoicePacketTypes = VoicePacketTypes::EV3.union(NO_EDR);
const HV3: VoicePacketTypes = VoicePacketTypes::HV3.union(NO_EDR);
const HV1: VoicePacketTypes = VoicePacketTypes::HV1.union(NO_EDR);

/// One set: what it needs of our controller, and what it asks for.
#[derive(Debug)]
pub(super) struct Set {
    needs: LmpFeatures,
    packet_type: VoicePacketTypes,
    max_latency: u16,
    effort: RetransmissionEffort,
}

/// CVSD: the safest set first, then the other eSCO sets, then SCO.
static CVSD: [Set; 6] = {
    use RetransmissionEffort::{DontCare, Power, Quality};
    [
        /* S4 */ set(LmpFeatures::EDR_ESCO_2M, TWO_EV3, 12, Quality),
        /* S3 */ set(LmpFeatures::EDR_ESCO_2M, TWO_EV3, 10, Power),
        /* S2 */ set(LmpFeatures::EDR_ESCO_2M, TWO_EV3, 7, Power),
        /* S1 */ set(LmpFeatures::EV3_PACKETS, EV3, 7, Power),
        /* D1 */ set(LmpFeatures::HV3_PACKETS, HV3, ANY_LATENCY, DontCare),
        /* D0 */ set(LmpFeatures::SCO_LINK, HV1, ANY_LATENCY, DontCare),
    ]
};

/// mSBC; no SCO link carries it.
static MSBC: [Set; 2] = {
    use RetransmissionEffort::Quality;
    [
        /* T2 */ set(LmpFeatures::EDR_ESCO_2M, TWO_EV3, 13, Quality),
        /* T1 */ set(LmpFeatures::EV3_PACKETS, EV3, 8, Quality),
    ]
};

const fn set(
    needs: LmpFeatures,
    packet_type: VoicePacketTypes,
    max_latency: u16,
    effort: RetransmissionEffort,
) -> Set {
    Set { needs, packet_type, max_latency, effort }
}

/// The sets of a codec, in the order in which they are tried.
fn sets(codec: VoiceCodec) -> &'static [Set] {
    match codec {
        VoiceCodec::Cvsd => &CVSD,
        VoiceCodec::Msbc => &MSBC,
    }
}

/// The first set from `from` on that a controller with these features can do.
pub(super) fn next(codec: VoiceCodec, from: usize, features: LmpFeatures) -> Option<usize> {
    let transparent = codec == VoiceCodec::Msbc;
    if transparent && !features.contains(LmpFeatures::TRANSPARENT) {
        return None;
    }
    let mut sets = sets(codec).iter().enumerate().skip(from);
    sets.find(|(_, set)| features.contains(set.needs)).map(|(index, _)| index)
}

/// What a set asks for.
pub(super) fn of_set(codec: VoiceCodec, index: usize) -> Option<SynchronousParameters> {
    sets(codec).get(index).map(|set| SynchronousParameters {
        transmit_bandwidth: BANDWIDTH,
        receive_bandwidth: BANDWIDTH,
        max_latency: set.max_latency,
        voice_setting: voice_setting(codec),
        retransmission_effort: set.effort,
        packet_type: set.packet_type,
    })
}

/// What we accept: whatever the peer asks for, of the kind that it asks for.
pub(super) fn acceptable(codec: VoiceCodec, extended: bool) -> SynchronousParameters {
    let packet_type = if extended {
        VoicePacketTypes::EV3 | VoicePacketTypes::EV4 | VoicePacketTypes::EV5
    } else {
        VoicePacketTypes::HV1 | VoicePacketTypes::HV2 | VoicePacketTypes::HV3 | NO_EDR
    };
    SynchronousParameters {
        transmit_bandwidth: BANDWIDTH,
        receive_bandwidth: BANDWIDTH,
        max_latency: ANY_LATENCY,
        voice_setting: voice_setting(codec),
        retransmission_effort: RetransmissionEffort::DontCare,
        packet_type,
    }
}

fn voice_setting(codec: VoiceCodec) -> VoiceSetting {
    match codec {
        VoiceCodec::Cvsd => VoiceSetting::CVSD,
        VoiceCodec::Msbc => VoiceSetting::TRANSPARENT,
    }
}

/// The same in the words of the enhanced commands: CVSD is made by the controller out of 16-bit
/// linear samples, mSBC passes it as it is; both come and go over HCI.
pub(super) fn enhanced(
    codec: VoiceCodec,
    parameters: SynchronousParameters,
) -> EnhancedSynchronousParameters {
    let (air, host, host_bandwidth, size, format) = match codec {
        VoiceCodec::Cvsd => {
            (CodingFormat::CVSD, CodingFormat::LINEAR, LINEAR_BANDWIDTH, 16, TWOS_COMPLEMENT)
        }
        VoiceCodec::Msbc => (CodingFormat::TRANSPARENT, CodingFormat::TRANSPARENT, BANDWIDTH, 8, 0),
    };
    EnhancedSynchronousParameters {
        transmit_bandwidth: parameters.transmit_bandwidth,
        receive_bandwidth: parameters.receive_bandwidth,
        transmit_coding_format: air,
        receive_coding_format: air,
        transmit_codec_frame_size: FRAME_SIZE,
        receive_codec_frame_size: FRAME_SIZE,
        input_bandwidth: host_bandwidth,
        output_bandwidth: host_bandwidth,
        input_coding_format: host,
        output_coding_format: host,
        input_coded_data_size: size,
        output_coded_data_size: size,
        input_pcm_data_format: format,
        output_pcm_data_format: format,
        input_pcm_sample_payload_msb_position: 0,
        output_pcm_sample_payload_msb_position: 0,
        input_data_path: 0,
        output_data_path: 0,
        input_transport_unit_size: 0,
        output_transport_unit_size: 0,
        max_latency: parameters.max_latency,
        packet_type: parameters.packet_type,
        retransmission_effort: parameters.retransmission_effort,
    }
}

/// Whether another parameter set may mend what one failed for. A peer that did not answer, or a link
/// that is gone, is not mended by asking in other words.
pub(super) fn another_may_mend(status: Status) -> bool {
    [
        Status::REJECTED_LIMITED_RESOURCES,
        Status::UNSUPPORTED_FEATURE_OR_PARAMETER_VALUE,
        Status::INVALID_HCI_COMMAND_PARAMETERS,
        Status::UNKNOWN_LMP_PDU,
        Status::UNSUPPORTED_REMOTE_FEATURE,
        Status::SCO_OFFSET_REJECTED,
        Status::SCO_INTERVAL_REJECTED,
        Status::INVALID_LMP_PARAMETERS,
        Status::UNSPECIFIED_ERROR,
        Status::UNSUPPORTED_LMP_PARAMETER_VALUE,
    ]
    .contains(&status)
}
