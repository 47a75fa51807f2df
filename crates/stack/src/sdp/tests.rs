//! Client and server together at any MTU, and whatever either may be sent. The conformance scripts
//! stand in `tests/conformance/sdp`.

use pool::Instant;
use proptest::prelude::*;
use wire::l2cap::Psm;
use wire::sdp::{AttributeId, AttributeRange, Continuation, Pdu, Uuid};

use super::*;

const NOW: Instant = Instant::ZERO;

fn server() -> Server {
    let mut server = Server::new();
    let device = DeviceId {
        source: VendorIdSource::UsbImplementersForum,
        vendor: 1,
        product: 2,
        version: 3,
    };
    for record in [
        Record::a2dp_sink("Tandem", AudioFeatures::HEADPHONE),
        Record::a2dp_source("Phone", AudioFeatures::PLAYER),
        Record::device_id(device),
    ] {
        server.add(record.unwrap()).unwrap();
    }
    server
}

/// Asks `server` until the client is content; the number of requests.
fn converse(server: &Server, client: &mut Client, pattern: Uuid, mtu: u16) -> usize {
    let (mut request, mut answer) = ([0; 256], [0; 2048]);
    let mut length = client
        .search_attributes(NOW, &[pattern], &[AttributeRange::ALL], &mut request)
        .expect("a request that fits");
    for requests in 1..1000 {
        let size = server.respond(&request[..length], mtu, &mut answer).expect("an answer");
        assert!(size <= usize::from(mtu));
        match client.response(NOW, &answer[..size], &mut request) {
            Progress::More(next) => length = next,
            Progress::Done => return requests,
            other => panic!("{other:?}"),
        }
    }
    panic!("no end");
}

#[test]
fn records_are_bounded_and_handles_not_reused() {
    let mut server = Server::new();
    let record = Record::a2dp_sink("Tandem", AudioFeatures::SPEAKER).unwrap();
    let handles: Vec<_> = (0..RECORDS).map(|_| server.add(record.clone()).expect("room")).collect();
    assert_eq!(server.add(record.clone()), None);
    server.remove(handles[3]);
    let again = server.add(record).expect("room again");
    assert!(!handles.contains(&again));
}

#[test]
fn a_record_must_fit_and_be_in_pairs() {
    assert!(Record::a2dp_sink(&"x".repeat(RECORD), AudioFeatures::SPEAKER).is_err());
    assert!(Record::new(|builder| _ = builder.u16(1)).is_err());
    assert!(Record::new(|builder| _ = builder.attribute(AttributeId(0)).u32(1)).is_err());
}

#[test]
fn a_response_without_end_is_given_up() {
    let (mut client, mut out, mut pdu) = (Client::new(), [0; 128], [0; 128]);
    let ranges = [AttributeRange::ALL];
    client.search_attributes(NOW, &[Uuid::AUDIO_SINK], &ranges, &mut out).unwrap();
    for transaction in 1..2000 {
        let part = [0; 0];
        let continuation = Continuation::new(&[1]).unwrap();
        let response = Pdu::ServiceSearchAttributeResponse { part: &part, continuation };
        let length = response.write(transaction, &mut pdu).unwrap();
        match client.response(NOW, &pdu[..length], &mut out) {
            Progress::More(_) => {}
            other => {
                assert_eq!(other, Progress::Failed(Failure::Malformed));
                assert_eq!(client.records().iter().count(), 0);
                return;
            }
        }
    }
    panic!("went on for ever");
}

#[test]
fn too_long_a_response_is_given_up() {
    let (mut client, mut out, mut pdu) = (Client::new(), [0; 128], [0; 1024]);
    let ranges = [AttributeRange::ALL];
    client.search_attributes(NOW, &[Uuid::AUDIO_SINK], &ranges, &mut out).unwrap();
    let mut last = Progress::Ignored;
    for transaction in 1..10 {
        let continuation = Continuation::new(&[1]).unwrap();
        let response = Pdu::ServiceSearchAttributeResponse { part: &[0; 900], continuation };
        let length = response.write(transaction, &mut pdu).unwrap();
        last = client.response(NOW, &pdu[..length], &mut out);
        if !matches!(last, Progress::More(_)) {
            break;
        }
    }
    assert_eq!(last, Progress::Failed(Failure::TooLong));
}

#[test]
fn what_the_client_learns() {
    let (server, mut client) = (server(), Client::new());
    converse(&server, &mut client, Uuid::AUDIO_SOURCE, 672);
    let records: Vec<_> = client.records().iter().collect();
    let [source] = records[..] else { panic!("one source: {records:?}") };
    assert_eq!(source.psm(), Some(Psm::AVDTP));
    assert_eq!(source.profile_version(Uuid::ADVANCED_AUDIO_DISTRIBUTION), Some(0x0103));
    converse(&server, &mut client, Uuid::PNP_INFORMATION, 48);
    let device = client.records().iter().next().expect("a device");
    assert_eq!(device.unsigned(AttributeId::VENDOR_ID_SOURCE), Some(2));
    assert_eq!(device.unsigned(AttributeId::PRODUCT_ID), Some(2));
}

proptest! {
    /// The result does not depend on how many parts it comes in.
    #[test]
    fn any_mtu(mtu in 12u16..400) {
        let (server, mut client, mut whole) = (server(), Client::new(), Client::new());
        converse(&server, &mut whole, Uuid::PUBLIC_BROWSE_ROOT, 2000);
        let requests = converse(&server, &mut client, Uuid::PUBLIC_BROWSE_ROOT, mtu);
        prop_assert_eq!(client.records(), whole.records());
        prop_assert_eq!(client.records().iter().count(), 3);
        prop_assert!(requests > 1 || mtu > 200);
    }

    /// Whatever is asked is answered within the MTU by a PDU that can be read, of the same
    /// transaction, or not at all.
    #[test]
    fn whatever_request(
        id in 0u8..10,
        parameters in prop_oneof![
            any::<Vec<u8>>(),
            any::<(u8, u8, u8, u8)>().prop_map(|(a, b, c, d)| {
                vec![0x35, 3, 0x19, 0x10, 2, a, b, 0x35, 5, 0x0A, 0, 0, 0xFF, 0xFF, 3, 3, c, d]
            }),
            any::<(u8, u8, u8, u8)>().prop_map(|(a, b, c, d)| {
                vec![0, 1, 0, a & 3, b, 7, 0x35, 5, 0x0A, 0, 0, 0xFF, 0xFF, 3, 3, c, d]
            }),
            any::<(u8, u8, u8, u8)>().prop_map(|(a, b, c, d)| {
                vec![0x35, 3, 0x19, 0x10, 2, a, b, 3, 3, c, d]
            }),
        ],
        mtu in 0u16..100,
    ) {
        let mut request = vec![id, 0x12, 0x34];
        request.extend_from_slice(&(parameters.len() as u16).to_be_bytes());
        request.extend_from_slice(&parameters);
        let mut out = [0; 256];
        if let Some(length) = server().respond(&request, mtu, &mut out) {
            prop_assert!(length <= usize::from(mtu));
            let (transaction, answer) = Pdu::parse(&out[..length]).expect("a PDU");
            prop_assert_eq!(transaction, 0x1234);
            let right = answer.id().0 == id + 1 || matches!(answer, Pdu::ErrorResponse(_));
            prop_assert!(right);
        }
    }

    #[test]
    fn whatever_response(responses in proptest::collection::vec(any::<Vec<u8>>(), 0..8)) {
        let (mut client, mut out) = (Client::new(), [0; 128]);
        let ranges = [AttributeRange::ALL];
        client.search_attributes(NOW, &[Uuid::AUDIO_SINK], &ranges, &mut out).unwrap();
        for (n, response) in responses.iter().enumerate() {
            let mut pdu = vec![7, 0, n as u8 + 1];
            pdu.extend_from_slice(&(response.len() as u16).to_be_bytes());
            pdu.extend_from_slice(response);
            client.response(NOW, &pdu, &mut out);
            let _ = client.records().iter().count();
        }
    }
}
