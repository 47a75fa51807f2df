//! The socket and the threads: one that accepts, one for each client.

use std::collections::HashMap;
use std::fmt;
use std::fs::{DirBuilder, File, Permissions};
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::fs;
use rustix::net::{self, AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::message::Connection;
use super::{Answer, Error, Interface, Replies, service};

/// So many clients may be connected at once; one more is told `Busy` and hung up on.
pub const MAX_CLIENTS: usize = 32;

/// A thread's stack: enough for the deepest JSON that serde_json reads.
const STACK: usize = 256 * 1024;

/// The socket's mode.
const MODE: u32 = 0o660;

/// The longest path of a Unix socket (unix(7)), its end mark aside.
const MAX_PATH: usize = 107;

/// How long [`Server::close`] waits for clients to take their last replies.
const LAST_REPLIES: Duration = Duration::from_millis(200);

/// How long no client is accepted after the system had no descriptor or thread left for one.
const OUT_OF_ROOM: Duration = Duration::from_millis(100);

/// A socket that waits for its first client; the file goes when it is dropped.
#[derive(Debug)]
pub struct Listener {
    listener: UnixListener,
    path: PathBuf,
}

/// Why there is no socket; names its path.
#[derive(Debug)]
pub struct BindError {
    path: PathBuf,
    /// What the system said.
    pub error: io::Error,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "control socket {}: ", self.path.display())?;
        let length = self.path.as_os_str().len();
        if length > MAX_PATH {
            write!(f, "{length} octets, and a socket's path may have {MAX_PATH}")?;
            return f.write_str("; give --control a shorter one");
        }
        write!(f, "{}", self.error)?;
        match self.error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::NotFound | ErrorKind::ReadOnlyFilesystem => {
                f.write_str("; give --control a path in a folder that can be written")
            }
            _ => Ok(()),
        }
    }
}

impl std::error::Error for BindError {}

impl Listener {
    /// Makes the socket with mode 0660. The file of a daemon that has died is replaced; a living
    /// one, and a file that is no socket, are errors.
    pub fn bind(path: &Path) -> Result<Listener, BindError> {
        let fail = |error| BindError { path: path.into(), error };
        // Before anything is made for it.
        let address = SocketAddrUnix::new(path).map_err(|error| fail(error.into()))?;
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        DirBuilder::new().recursive(true).mode(0o750).create(folder).map_err(fail)?;
        // Two daemons that start at once must not both take the old file away.
        let lock = File::open(folder).map_err(fail)?;
        lock.lock().map_err(fail)?;
        remove_stale(path).map_err(fail)?;
        let listener = listen(path, &address).map_err(fail)?;
        Ok(Listener { listener, path: path.into() })
    }

    /// The socket's path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Whoever removed it already has done the same.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A socket on which nobody but owner and group can connect at any moment.
fn listen(path: &Path, address: &SocketAddrUnix) -> io::Result<UnixListener> {
    let kind = SocketType::STREAM;
    let socket = net::socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)?;
    // On Linux the file begins with the socket's mode, less the umask; which may take too much.
    fs::fchmod(&socket, fs::Mode::from_raw_mode(MODE))?;
    net::bind(&socket, address)?;
    std::fs::set_permissions(path, Permissions::from_mode(MODE))?;
    net::listen(&socket, MAX_CLIENTS as i32)?;
    Ok(UnixListener::from(socket))
}

fn remove_stale(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::new(
                ErrorKind::AlreadyExists,
                "a file of this name is no socket; remove it, or give another --control",
            ));
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(io::Error::new(
            ErrorKind::AddrInUse,
            "another tandemd answers here; stop it, or give this one another --control",
        )),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        Err(error) => Err(error),
    }
}

/// A running service; dropping it hangs up on everybody.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    accepting: Option<thread::JoinHandle<()>>,
    stop: UnixStream,
}

#[derive(Debug, Default)]
struct Shared {
    closing: AtomicBool,
    clients: Mutex<Clients>,
    left: Condvar,
}

#[derive(Debug, Default)]
struct Clients {
    streams: HashMap<u64, UnixStream>,
    next: u64,
}

impl Server {
    /// Serves `interface` on a socket.
    pub fn start(listener: Listener, interface: Arc<dyn Interface>) -> io::Result<Server> {
        let shared = Arc::new(Shared::default());
        // Shutting a listening socket down wakes whoever accepts from it.
        let stop = UnixStream::from(OwnedFd::from(listener.listener.try_clone()?));
        let accepting = {
            let shared = shared.clone();
            let accept = move || shared.accept(&listener, &interface);
            thread::Builder::new().name("varlink".into()).stack_size(STACK).spawn(accept)?
        };
        Ok(Server { shared, accepting: Some(accepting), stop })
    }

    /// Takes no more calls and hangs up, when the clients have had a moment to take the replies
    /// that are on their way.
    pub fn close(self) {}
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::Release);
        // It cannot fail on a listening socket.
        let _ = self.stop.shutdown(Shutdown::Both);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        let clients = self.shared.clients();
        for stream in clients.streams.values() {
            // One that is gone needs no shutdown.
            let _ = stream.shutdown(Shutdown::Read);
        }
        let some = |clients: &mut Clients| !clients.streams.is_empty();
        let waited = self.shared.left.wait_timeout_while(clients, LAST_REPLIES, some);
        let (clients, _) = waited.unwrap_or_else(PoisonError::into_inner);
        for stream in clients.streams.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &Listener, interface: &Arc<dyn Interface>) {
        loop {
            let accepted = listener.listener.accept();
            if self.closing.load(Ordering::Acquire) {
                break;
            }
            match accepted.and_then(|(stream, _)| self.admit(stream, interface)) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    tracing::warn!("a control client was not served: {error}");
                    thread::sleep(OUT_OF_ROOM);
                }
            }
        }
    }

    fn admit(
        self: &Arc<Self>,
        stream: UnixStream,
        interface: &Arc<dyn Interface>,
    ) -> io::Result<()> {
        let mut connection = Connection::new(stream.try_clone()?)?;
        let number = {
            let mut clients = self.clients();
            if clients.streams.len() >= MAX_CLIENTS {
                drop(clients);
                let text = format!("{MAX_CLIENTS} clients are connected already");
                let error = Error::new(interface.name(), "Busy", &text);
                // One that does not listen is not told.
                let _ = Replies { connection: &mut connection, oneway: false }.end(error.into());
                return Ok(());
            }
            let number = clients.next;
            clients.next += 1;
            clients.streams.insert(number, stream);
            number
        };
        let place = Place { shared: self.clone(), number };
        let interface = interface.clone();
        let serve = move || {
            let _place = place;
            if let Err(error) = serve(&mut connection, &*interface) {
                tracing::debug!("a control client is gone: {error}");
            }
        };
        thread::Builder::new().name("client".into()).stack_size(STACK).spawn(serve).map(drop)
    }
}

/// A client's place among the clients.
struct Place {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.clients().streams.remove(&self.number);
        self.shared.left.notify_all();
    }
}

fn serve(connection: &mut Connection, interface: &dyn Interface) -> io::Result<()> {
    while let Some(call) = connection.next()? {
        let mut replies = Replies { connection, oneway: call.oneway };
        match service::answer(interface, &call, &mut replies)? {
            Answer::HangUp => break,
            answer => replies.end(answer)?,
        }
    }
    Ok(())
}
