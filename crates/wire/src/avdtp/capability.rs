//! AVDTP 1.3, 8.21: service capabilities.

use super::error::ErrorCode;
use super::header::put;
use crate::{Malformed, NoRoom};

/// A service category (8.21.1). Any octet; those with a name have an associated constant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Category(pub u8);

impl Category {
    /// In a reject: the error does not belong to a category.
    pub const NONE: Category = Category(0);
    /// Media transport.
    pub const MEDIA_TRANSPORT: Category = Category(1);
    /// Reporting.
    pub const REPORTING: Category = Category(2);
    /// Recovery.
    pub const RECOVERY: Category = Category(3);
    /// Content protection.
    pub const CONTENT_PROTECTION: Category = Category(4);
    /// Header compression.
    pub const HEADER_COMPRESSION: Category = Category(5);
    /// Multiplexing.
    pub const MULTIPLEXING: Category = Category(6);
    /// Media codec.
    pub const MEDIA_CODEC: Category = Category(7);
    /// Delay reporting.
    pub const DELAY_REPORTING: Category = Category(8);
}

/// What kind of media a stream carries (Assigned Numbers).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MediaType(pub u8);

impl MediaType {
    /// Audio.
    pub const AUDIO: MediaType = MediaType(0);
    /// Video.
    pub const VIDEO: MediaType = MediaType(1);
}

/// A codec of audio streams (Assigned Numbers).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CodecType(pub u8);

impl CodecType {
    /// SBC.
    pub const SBC: CodecType = CodecType(0x00);
    /// MPEG-1,2 Audio.
    pub const MPEG_AUDIO: CodecType = CodecType(0x01);
    /// MPEG-2,4 AAC.
    pub const AAC: CodecType = CodecType(0x02);
    /// ATRAC.
    pub const ATRAC: CodecType = CodecType(0x04);
    /// A vendor's own.
    pub const VENDOR: CodecType = CodecType(0xFF);
}

/// The recovery capability (8.21.4), RFC 2733.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recovery {
    /// Maximum recovery window size, 1 to 24 media packets.
    pub maximum_recovery_window_size: u8,
    /// Maximum number of media packets covered by one parity code, 1 to 24.
    pub maximum_number_of_media_packets: u8,
}

/// The content protection capability (8.21.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContentProtection<'a> {
    /// The method (Assigned Numbers).
    pub cp_type: u16,
    /// What the method itself defines.
    pub specific: &'a [u8],
}

/// The header compression capability (8.21.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HeaderCompression {
    /// A back channel is used.
    pub back_channel: bool,
    /// Media packets are compressed.
    pub media: bool,
    /// Recovery packets are compressed.
    pub recovery: bool,
}

/// The media codec capability (8.21.8).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MediaCodec<'a> {
    /// The kind of media.
    pub media_type: MediaType,
    /// The codec.
    pub codec_type: CodecType,
    /// The codec's information element, as A2DP defines it for the codec.
    pub information: &'a [u8],
}

/// One service capability.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Capability<'a> {
    /// Media is transported: without it there is no stream.
    MediaTransport,
    /// Reporting.
    Reporting,
    /// Recovery.
    Recovery(Recovery),
    /// Content protection.
    ContentProtection(ContentProtection<'a>),
    /// Header compression.
    HeaderCompression(HeaderCompression),
    /// Multiplexing: the fragmentation flag and the identifiers, as they stand (8.21.7).
    Multiplexing(&'a [u8]),
    /// The codec.
    MediaCodec(MediaCodec<'a>),
    /// The sink tells its delay.
    DelayReporting,
}

impl<'a> Capability<'a> {
    /// Its category.
    pub const fn category(&self) -> Category {
        match self {
            Capability::MediaTransport => Category::MEDIA_TRANSPORT,
            Capability::Reporting => Category::REPORTING,
            Capability::Recovery(_) => Category::RECOVERY,
            Capability::ContentProtection(_) => Category::CONTENT_PROTECTION,
            Capability::HeaderCompression(_) => Category::HEADER_COMPRESSION,
            Capability::Multiplexing(_) => Category::MULTIPLEXING,
            Capability::MediaCodec(_) => Category::MEDIA_CODEC,
            Capability::DelayReporting => Category::DELAY_REPORTING,
        }
    }

    /// Whether a RECONFIGURE may carry it (8.11.1).
    pub const fn is_application(&self) -> bool {
        matches!(self, Capability::MediaCodec(_) | Capability::ContentProtection(_))
    }

    /// Writes the element: category, length, data. Returns its length.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        match *self {
            Capability::MediaTransport | Capability::Reporting | Capability::DelayReporting => {
                element(out, self.category(), &[], &[])
            }
            Capability::Recovery(r) => {
                let (window, packets) =
                    (r.maximum_recovery_window_size, r.maximum_number_of_media_packets);
                element(out, self.category(), &[0x01, window, packets], &[])
            }
            Capability::ContentProtection(cp) => {
                element(out, self.category(), &cp.cp_type.to_le_bytes(), cp.specific)
            }
            Capability::HeaderCompression(h) => {
                let bits = u8::from(h.back_channel) << 7
                    | u8::from(h.media) << 6
                    | u8::from(h.recovery) << 5;
                element(out, self.category(), &[bits], &[])
            }
            Capability::Multiplexing(data) => element(out, self.category(), data, &[]),
            Capability::MediaCodec(m) => {
                element(out, self.category(), &[m.media_type.0 << 4, m.codec_type.0], m.information)
            }
        }
    }
}

fn element(out: &mut [u8], category: Category, a: &[u8], b: &[u8]) -> Result<usize, NoRoom> {
    let losc = u8::try_from(a.len() + b.len()).map_err(|_| NoRoom)?;
    let mut n = put(out, &[category.0, losc])?;
    n += put(&mut out[n..], a)?;
    n += put(&mut out[n..], b)?;
    Ok(n)
}

/// One service capability as it came: bounds are checked, contents are not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Element<'a> {
    /// The category, known or not.
    pub category: Category,
    /// What it carries.
    pub data: &'a [u8],
}

impl<'a> Element<'a> {
    /// Reads it, or names the error code that answers it.
    pub fn read(&self) -> Result<Capability<'a>, ErrorCode> {
        let empty =
            |capability, code| if self.data.is_empty() { Ok(capability) } else { Err(code) };
        match self.category {
            Category::MEDIA_TRANSPORT => {
                empty(Capability::MediaTransport, ErrorCode::BAD_MEDIA_TRANSPORT_FORMAT)
            }
            Category::REPORTING => empty(Capability::Reporting, ErrorCode::BAD_PAYLOAD_FORMAT),
            Category::DELAY_REPORTING => {
                empty(Capability::DelayReporting, ErrorCode::BAD_PAYLOAD_FORMAT)
            }
            Category::RECOVERY => recovery(self.data).map(Capability::Recovery),
            Category::CONTENT_PROTECTION => match self.data {
                [low, high, specific @ ..] => {
                    let cp_type = u16::from_le_bytes([*low, *high]);
                    Ok(Capability::ContentProtection(ContentProtection { cp_type, specific }))
                }
                _ => Err(ErrorCode::BAD_CP_FORMAT),
            },
            Category::HEADER_COMPRESSION => match self.data {
                [bits] => Ok(Capability::HeaderCompression(HeaderCompression {
                    back_channel: bits & 0x80 != 0,
                    media: bits & 0x40 != 0,
                    recovery: bits & 0x20 != 0,
                })),
                _ => Err(ErrorCode::BAD_ROHC_FORMAT),
            },
            // The flags, then a TSID and up to three TCIDs for the sessions of the stream.
            Category::MULTIPLEXING => match self.data.len() {
                1..=7 => Ok(Capability::Multiplexing(self.data)),
                _ => Err(ErrorCode::BAD_MULTIPLEXING_FORMAT),
            },
            Category::MEDIA_CODEC => match self.data {
                [media_type, codec_type, information @ ..] => {
                    Ok(Capability::MediaCodec(MediaCodec {
                        media_type: MediaType(media_type >> 4),
                        codec_type: CodecType(*codec_type),
                        information,
                    }))
                }
                _ => Err(ErrorCode::BAD_PAYLOAD_FORMAT),
            },
            _ => Err(ErrorCode::BAD_SERV_CATEGORY),
        }
    }
}

fn recovery(data: &[u8]) -> Result<Recovery, ErrorCode> {
    match *data {
        [0x01, window @ 1..=24, packets @ 1..=24] => Ok(Recovery {
            maximum_recovery_window_size: window,
            maximum_number_of_media_packets: packets,
        }),
        [0x01, _, _] => Err(ErrorCode::BAD_RECOVERY_FORMAT),
        [_, _, _] => Err(ErrorCode::BAD_RECOVERY_TYPE),
        _ => Err(ErrorCode::BAD_RECOVERY_FORMAT),
    }
}

/// A list of service capabilities, cut at the right places.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Capabilities<'a>(&'a [u8]);

impl<'a> Capabilities<'a> {
    /// The list that fills `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let whole = Self::prefix(bytes);
        if whole.0.len() == bytes.len() { Ok(whole) } else { Err(Malformed) }
    }

    /// The whole elements that `bytes` starts with. For answers: some peers leave rubbish behind
    /// theirs, and what came before it is good.
    pub fn prefix(bytes: &'a [u8]) -> Self {
        let mut end = 0;
        while let Some([_, losc]) = bytes.get(end..end + 2) {
            let next = end + 2 + usize::from(*losc);
            if next > bytes.len() {
                break;
            }
            end = next;
        }
        Capabilities(bytes.get(..end).unwrap_or_default())
    }

    /// The elements in their order.
    pub fn elements(&self) -> Elements<'a> {
        Elements(self.0)
    }

    /// The capabilities that could be read. Others are passed over: a peer may know categories that
    /// we do not (8.8.2).
    pub fn known(&self) -> impl Iterator<Item = Capability<'a>> + use<'a> {
        self.elements().filter_map(|element| element.read().ok())
    }

    /// The first media codec capability.
    pub fn media_codec(&self) -> Option<MediaCodec<'a>> {
        self.known().find_map(|capability| match capability {
            Capability::MediaCodec(codec) => Some(codec),
            _ => None,
        })
    }

    /// Whether an element of this category is there.
    pub fn has(&self, category: Category) -> bool {
        self.elements().any(|element| element.category == category)
    }

    /// The bytes of the list.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }
}

/// Walks a list of service capabilities.
#[derive(Clone, Debug)]
pub struct Elements<'a>(&'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let [category, losc, rest @ ..] = self.0 else { return None };
        let (data, rest) = rest.split_at_checked(usize::from(*losc))?;
        self.0 = rest;
        Some(Element { category: Category(*category), data })
    }
}
