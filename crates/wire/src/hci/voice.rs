//! The parameters of synchronous (voice) links (Vol 4, Part E, 7.1.26 and 7.1.45).

use bitflags::bitflags;

use super::bytes::{bits, enumeration, record, wraps};

/// How voice is coded and passed between host and controller.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct VoiceSetting(pub u16);

impl VoiceSetting {
    /// CVSD on the air, 16-bit linear to the host.
    pub const CVSD: VoiceSetting = VoiceSetting(0x0060);
    /// The host's octets go on the air as they are (mSBC).
    pub const TRANSPARENT: VoiceSetting = VoiceSetting(0x0063);

    /// The coding on the air.
    pub const fn air_mode(self) -> AirMode {
        match self.0 & 3 {
            0 => AirMode::Cvsd,
            1 => AirMode::MuLaw,
            2 => AirMode::ALaw,
            _ => AirMode::Transparent,
        }
    }
}

wraps!(VoiceSetting(u16));

enumeration! {
    /// The coding of voice on the air.
    AirMode {
        /// µ-law.
        MuLaw = 0,
        /// A-law.
        ALaw = 1,
        /// CVSD.
        Cvsd = 2,
        /// None: octets pass as they are.
        Transparent = 3,
    }
    /// How much a synchronous link retransmits.
    RetransmissionEffort {
        /// Not at all (SCO, or eSCO that does without).
        None = 0,
        /// At least once, sparing power.
        Power = 1,
        /// At least once, for quality.
        Quality = 2,
        /// The controller's choice.
        DontCare = 0xFF,
    }
}

bitflags! {
    /// Baseband packet types of a synchronous link. The `NO_` bits forbid; the others allow.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct VoicePacketTypes: u16 {
        /// HV1 may be used.
        const HV1 = 1 << 0;
        /// HV2 may be used.
        const HV2 = 1 << 1;
        /// HV3 may be used.
        const HV3 = 1 << 2;
        /// EV3 may be used.
        const EV3 = 1 << 3;
        /// EV4 may be used.
        const EV4 = 1 << 4;
        /// EV5 may be used.
        const EV5 = 1 << 5;
        /// 2-EV3 may not be used.
        const NO_2EV3 = 1 << 6;
        /// 3-EV3 may not be used.
        const NO_3EV3 = 1 << 7;
        /// 2-EV5 may not be used.
        const NO_2EV5 = 1 << 8;
        /// 3-EV5 may not be used.
        const NO_3EV5 = 1 << 9;
    }
}

bits!(VoicePacketTypes);

record! {
    /// What a synchronous link is asked to be (legacy commands).
    SynchronousParameters {
        /// Octets a second towards the peer; 8000 for telephone voice, 0xFFFFFFFF: don't care.
        transmit_bandwidth: u32,
        /// Octets a second from the peer.
        receive_bandwidth: u32,
        /// Milliseconds, 4 to 0xFFFE; 0xFFFF: don't care.
        max_latency: u16,
        /// Coding.
        voice_setting: VoiceSetting,
        /// Retransmission.
        retransmission_effort: RetransmissionEffort,
        /// Allowed baseband packets.
        packet_type: VoicePacketTypes,
    }

    /// A coding: format (Assigned Numbers, 2.11), and the company and its codec where that is 0xFF.
    CodingFormat {
        /// 2 CVSD, 3 transparent, 4 linear PCM, 5 mSBC.
        format: u8,
        /// Company identifier.
        company_id: u16,
        /// The company's number of the codec.
        codec_id: u16,
    }

    /// What a synchronous link is asked to be (enhanced commands).
    EnhancedSynchronousParameters {
        /// Octets a second towards the peer.
        transmit_bandwidth: u32,
        /// Octets a second from the peer.
        receive_bandwidth: u32,
        /// Coding on the air towards the peer.
        transmit_coding_format: CodingFormat,
        /// Coding on the air from the peer.
        receive_coding_format: CodingFormat,
        /// Octets a codec frame, sent.
        transmit_codec_frame_size: u16,
        /// Octets a codec frame, received.
        receive_codec_frame_size: u16,
        /// Octets a second from the host.
        input_bandwidth: u32,
        /// Octets a second to the host.
        output_bandwidth: u32,
        /// Coding from the host.
        input_coding_format: CodingFormat,
        /// Coding to the host.
        output_coding_format: CodingFormat,
        /// Bits a sample from the host.
        input_coded_data_size: u16,
        /// Bits a sample to the host.
        output_coded_data_size: u16,
        /// 2: two's complement.
        input_pcm_data_format: u8,
        /// 2: two's complement.
        output_pcm_data_format: u8,
        /// Unused bits at the top of a sample.
        input_pcm_sample_payload_msb_position: u8,
        /// Unused bits at the top of a sample.
        output_pcm_sample_payload_msb_position: u8,
        /// 0: HCI.
        input_data_path: u8,
        /// 0: HCI.
        output_data_path: u8,
        /// Bits in a unit of the transport; 0: not applicable.
        input_transport_unit_size: u8,
        /// Bits in a unit of the transport; 0: not applicable.
        output_transport_unit_size: u8,
        /// Milliseconds, 4 to 0xFFFE; 0xFFFF: don't care.
        max_latency: u16,
        /// Allowed baseband packets.
        packet_type: VoicePacketTypes,
        /// Retransmission.
        retransmission_effort: RetransmissionEffort,
    }
}

impl CodingFormat {
    /// CVSD.
    pub const CVSD: CodingFormat = CodingFormat { format: 2, company_id: 0, codec_id: 0 };
    /// As the host sends it.
    pub const TRANSPARENT: CodingFormat = CodingFormat { format: 3, company_id: 0, codec_id: 0 };
    /// Linear PCM.
    pub const LINEAR: CodingFormat = CodingFormat { format: 4, company_id: 0, codec_id: 0 };
    /// mSBC.
    pub const MSBC: CodingFormat = CodingFormat { format: 5, company_id: 0, codec_id: 0 };
}
