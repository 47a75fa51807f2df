//! The service over real sockets, with an interface that only tests have.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

use super::*;

const NAME: &str = "org.example.Test";

/// `Echo` gives its parameters back, `Note` keeps them, `Count` replies thrice, `Wait` hangs up when
/// `event` is readable, `Flood` never stops.
struct Test {
    noted: Mutex<Vec<Value>>,
    ended: Mutex<mpsc::Sender<&'static str>>,
    event: UnixStream,
}

impl Interface for Test {
    fn name(&self) -> &'static str {
        NAME
    }

    fn description(&self) -> &'static str {
        "interface org.example.Test\nmethod Echo() -> ()\n"
    }

    fn identity(&self) -> Identity {
        Identity { vendor: "V", product: "P", version: "1", url: "U" }
    }

    fn call(&self, method: &str, call: &Call, replies: &mut Replies<'_>) -> io::Result<Answer> {
        let parameters = Value::Object(call.parameters.clone());
        Ok(match method {
            "Echo" => Answer::Reply(parameters),
            "Note" => {
                self.noted.lock().unwrap().push(parameters);
                Answer::Reply(json!({}))
            }
            "Count" if !call.more => Error::expected_more().into(),
            "Count" => {
                replies.go_on(&json!({ "n": 1 }))?;
                replies.go_on(&json!({ "n": 2 }))?;
                Answer::Reply(json!({ "n": 3 }))
            }
            "Wait" => {
                let waited = replies.wait_for(self.event.as_fd());
                let end = if waited.is_err() { "gone" } else { "event" };
                self.ended.lock().unwrap().send(end).unwrap();
                waited?;
                Answer::HangUp
            }
            "Flood" => loop {
                replies.go_on(&json!({ "text": "x".repeat(1000) }))?;
            },
            _ => Error::method_not_found(&call.method).into(),
        })
    }
}

struct Bench {
    _folder: tempfile::TempDir,
    path: std::path::PathBuf,
    server: Option<Server>,
    test: Arc<Test>,
    ended: mpsc::Receiver<&'static str>,
    event: UnixStream,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made/for/control");
    let (event, other) = UnixStream::pair().unwrap();
    let (ended, ends) = mpsc::channel();
    let test = Arc::new(Test { noted: Mutex::default(), ended: Mutex::new(ended), event: other });
    let listener = Listener::bind(&path).unwrap();
    let server = Some(Server::start(listener, test.clone()).unwrap());
    Bench { _folder: folder, path, server, test, ended: ends, event }
}

struct Client(UnixStream);

impl Bench {
    fn client(&self) -> Client {
        let stream = UnixStream::connect(&self.path).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Client(stream)
    }
}

impl Client {
    fn send(&mut self, call: Value) {
        self.0.write_all(format!("{call}\0").as_bytes()).unwrap();
    }

    /// The next reply, `None` when the server hung up.
    fn reply(&mut self) -> Option<Value> {
        let mut message = Vec::new();
        let mut byte = [0];
        loop {
            match self.0.read(&mut byte) {
                Ok(0) => {
                    assert!(message.is_empty(), "half a reply");
                    return None;
                }
                // A server that hangs up on a client that still writes resets the connection.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
                Ok(_) if byte[0] == 0 => return Some(serde_json::from_slice(&message).unwrap()),
                Ok(_) => message.push(byte[0]),
            }
        }
    }

    fn call(&mut self, call: Value) -> Value {
        self.send(call);
        self.reply().expect("a reply")
    }
}

fn echo(n: u32) -> Value {
    json!({ "method": "org.example.Test.Echo", "parameters": { "n": n } })
}

#[test]
fn calls_are_answered_in_order_however_they_arrive() {
    let bench = bench();
    let mut client = bench.client();
    let bytes: String = (0..50).map(|n| format!("{}\0", echo(n))).collect();
    // Three bytes at a time: messages begin and end anywhere in a read.
    for piece in bytes.as_bytes().chunks(3) {
        client.0.write_all(piece).unwrap();
    }
    for n in 0..50 {
        assert_eq!(client.reply().unwrap(), json!({ "parameters": { "n": n } }));
    }
}

#[test]
fn oneway_is_done_and_not_answered() {
    let bench = bench();
    let mut client = bench.client();
    let note = json!({ "method": "org.example.Test.Note", "oneway": true, "parameters": {} });
    client.send(note);
    client.send(json!({ "method": "org.example.Test.Nothing", "oneway": true }));
    client.send(json!({ "method": "org.example.Test.Count", "oneway": true, "more": true }));
    assert_eq!(client.call(echo(7)), json!({ "parameters": { "n": 7 } }));
    assert_eq!(bench.test.noted.lock().unwrap().len(), 1);
}

#[test]
fn more_gives_several_replies_and_is_asked_for() {
    let bench = bench();
    let mut client = bench.client();
    client.send(json!({ "method": "org.example.Test.Count", "more": true }));
    client.send(json!({ "method": "org.example.Test.Count" }));
    let next = json!({ "parameters": { "n": 1 }, "continues": true });
    assert_eq!(client.reply().unwrap(), next);
    assert_eq!(client.reply().unwrap()["parameters"]["n"], 2);
    assert_eq!(client.reply().unwrap(), json!({ "parameters": { "n": 3 } }));
    let error = client.reply().unwrap();
    assert_eq!(error["error"], "org.varlink.service.ExpectedMore");
}

#[test]
fn the_service_describes_itself() {
    let bench = bench();
    let mut client = bench.client();
    let info = client.call(json!({ "method": "org.varlink.service.GetInfo" }));
    assert_eq!(info["parameters"]["interfaces"], json!(["org.varlink.service", NAME]));
    assert_eq!(info["parameters"]["vendor"], "V");
    for name in [NAME, "org.varlink.service"] {
        let method = "org.varlink.service.GetInterfaceDescription";
        let description =
            client.call(json!({ "method": method, "parameters": { "interface": name } }));
        let text = description["parameters"]["description"].as_str().unwrap();
        assert!(text.contains(&format!("interface {name}\n")), "{text}");
    }
}

#[test]
fn what_is_not_there_has_the_standard_errors() {
    let bench = bench();
    let mut client = bench.client();
    let mut error = |call: Value, name: &str, parameters: Value| {
        let error = format!("org.varlink.service.{name}");
        assert_eq!(client.call(call), json!({ "error": error, "parameters": parameters }));
    };
    let service = |method: &str, parameters: Value| json!({ "method": format!("org.varlink.service.{method}"), "parameters": parameters });
    error(
        json!({ "method": "org.example.Test.Sing" }),
        "MethodNotFound",
        json!({ "method": "org.example.Test.Sing" }),
    );
    error(
        json!({ "method": "org.example.Other.Echo" }),
        "InterfaceNotFound",
        json!({ "interface": "org.example.Other" }),
    );
    error(json!({ "method": "Echo" }), "InterfaceNotFound", json!({ "interface": "Echo" }));
    error(
        json!({ "method": "org.example.Test.Echo", "upgrade": true }),
        "MethodNotImplemented",
        json!({ "method": "org.example.Test.Echo" }),
    );
    let sing = json!({ "method": "org.varlink.service.Sing" });
    error(service("Sing", json!({})), "MethodNotFound", sing);
    let parameter = json!({ "parameter": "interface" });
    error(service("GetInterfaceDescription", json!({})), "InvalidParameter", parameter.clone());
    let number = json!({ "interface": 1 });
    error(service("GetInterfaceDescription", number), "InvalidParameter", parameter);
    error(service("GetInfo", json!({ "x": 1 })), "InvalidParameter", json!({ "parameter": "x" }));
    let other = json!({ "interface": "org.example.Other" });
    error(service("GetInterfaceDescription", other.clone()), "InterfaceNotFound", other);
}

#[test]
fn what_is_no_call_ends_its_own_connection_only() {
    let bench = bench();
    let mut bystander = bench.client();
    let deep = "[".repeat(10_000);
    let long = format!("{{\"method\":\"{}\"}}", "x".repeat(MAX_MESSAGE));
    let bad: [&[u8]; 12] = [
        b"\0",
        b"GET / HTTP/1.1\r\n\r\n\0",
        b"\xff\xfe\x80\0",
        b"null\0",
        b"[]\0",
        b"{}\0",
        b"{\"method\":1}\0",
        b"{\"method\":\"org.example.Test.Echo\",\"parameters\":[]}\0",
        b"{\"method\":\"org.example.Test.Echo\",\"more\":\"yes\"}\0",
        b"{\"method\":\"org.example.Test.Echo\"} more\0",
        &[deep.as_bytes(), b"\0"].concat(),
        &[long.as_bytes(), b"\0"].concat(),
    ];
    for message in bad {
        let mut client = bench.client();
        client.0.write_all(message).unwrap();
        let shown = String::from_utf8_lossy(&message[..message.len().min(60)]);
        assert_eq!(client.reply(), None, "{shown}");
    }
    assert_eq!(bystander.call(echo(1)), json!({ "parameters": { "n": 1 } }));
}

#[test]
fn a_call_without_an_end_is_bounded() {
    let bench = bench();
    let mut client = bench.client();
    let mut sent = 0;
    // The server hangs up, so that at some time no more can be written.
    while client.0.write_all(&[b'x'; 1024]).is_ok() {
        sent += 1024;
        assert!(sent < 4 << 20, "the server reads for ever");
    }
    assert_eq!(client.reply(), None);
}

#[test]
fn half_a_call_and_a_hang_up_harm_nobody() {
    let bench = bench();
    for piece in [&b"{\"method\":"[..], b"", b"{\"method\":\"org.example.Test.Echo\"}"] {
        let mut client = bench.client();
        client.0.write_all(piece).unwrap();
        drop(client);
    }
    let mut client = bench.client();
    client.0.write_all(&echo(2).to_string().as_bytes()[..20]).unwrap();
    client.0.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(client.reply(), None);
    // Whoever only stops sending still gets its replies.
    let mut client = bench.client();
    client.send(echo(3));
    client.0.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(client.reply(), Some(json!({ "parameters": { "n": 3 } })));
    assert_eq!(client.reply(), None);
}

#[test]
fn one_client_too_many_is_told_so_and_places_are_given_again() {
    let bench = bench();
    let mut clients: Vec<Client> = (0..MAX_CLIENTS).map(|_| bench.client()).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        client.call(echo(n as u32));
    }
    let mut late = bench.client();
    assert_eq!(late.reply().unwrap()["error"], format!("{NAME}.Busy"));
    assert_eq!(late.reply(), None);
    drop(clients.pop());
    let start = Instant::now();
    loop {
        let mut client = bench.client();
        // One that is too many may be hung up on before it has said anything.
        let sent = client.0.write_all(format!("{}\0", echo(5)).as_bytes());
        if sent.is_ok() && client.reply().is_some_and(|reply| reply["error"].is_null()) {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "the place is not given again");
    }
}

#[test]
fn a_stalled_client_stops_nobody() {
    let bench = bench();
    let mut stalled = bench.client();
    stalled.send(json!({ "method": "org.example.Test.Flood", "more": true }));
    let mut first = [0];
    stalled.0.read_exact(&mut first).unwrap();
    let mut client = bench.client();
    for n in 0..100 {
        assert_eq!(client.call(echo(n)), json!({ "parameters": { "n": n } }));
    }
}

#[test]
fn a_watcher_that_hangs_up_gives_its_place_back() {
    let bench = bench();
    let mut client = bench.client();
    client.send(json!({ "method": "org.example.Test.Wait", "more": true }));
    // Half a hang-up is none.
    client.0.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(bench.ended.recv_timeout(Duration::from_millis(50)).is_err());
    drop(client);
    assert_eq!(bench.ended.recv_timeout(Duration::from_secs(10)), Ok("gone"));
    let mut client = bench.client();
    client.send(json!({ "method": "org.example.Test.Wait", "more": true }));
    (&bench.event).write_all(b"x").unwrap();
    assert_eq!(bench.ended.recv_timeout(Duration::from_secs(10)), Ok("event"));
    assert_eq!(client.reply(), None);
}

#[test]
fn closing_hangs_up_and_removes_the_socket() {
    let mut bench = bench();
    let mut idle = bench.client();
    idle.call(echo(1));
    let mut stalled = bench.client();
    stalled.send(json!({ "method": "org.example.Test.Flood", "more": true }));
    let start = Instant::now();
    bench.server.take().unwrap().close();
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(idle.reply(), None);
    assert!(!bench.path.exists());
}

#[test]
fn the_socket_is_for_owner_and_group() {
    let bench = bench();
    let mode = std::fs::metadata(&bench.path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
}

#[test]
fn a_path_that_no_socket_can_have_is_told_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("x".repeat(100));
    let path = deep.join("control");
    let error = Listener::bind(&path).unwrap_err().to_string();
    assert!(error.contains("107") && error.contains("--control"), "{error}");
    assert!(!deep.exists());
}

#[test]
fn a_dead_daemons_socket_is_replaced_and_a_living_ones_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "the file outlives its listener");
    let living = Listener::bind(&path).unwrap();
    let error = Listener::bind(&path).unwrap_err();
    assert_eq!(error.error.kind(), io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    assert!(error.to_string().contains("another tandemd"), "{error}");
    drop(living);
    assert!(!path.exists());

    std::fs::write(&path, "mine").unwrap();
    let error = Listener::bind(&path).unwrap_err();
    assert!(error.to_string().contains("no socket"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    let long = folder.path().join("x".repeat(200));
    assert!(Listener::bind(&long).unwrap_err().to_string().contains("xxx"));
}
