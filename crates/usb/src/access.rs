//! Whether we may open a dongle's node, and what to do if not.

use std::fmt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access as Wanted, AtFlags, CWD, Stat, accessat, stat};
use rustix::io::Errno;

/// Whether this process may open a dongle.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Access {
    /// It may.
    Granted,
    /// It may not.
    Denied {
        /// The node.
        node: PathBuf,
        /// Whose it is, and for whom it is open: `root:plugdev 0664`.
        owner: String,
        /// The group that may open it, if there is one besides root's.
        group: Option<String>,
    },
    /// There is no node: `/dev/bus/usb` is missing in this container or chroot, or the dongle was
    /// just unplugged.
    NoNode(PathBuf),
}

impl Access {
    pub(crate) fn to(node: &Path) -> Access {
        let wanted = Wanted::READ_OK | Wanted::WRITE_OK;
        match accessat(CWD, node, wanted, AtFlags::EACCESS) {
            Ok(()) => Access::Granted,
            Err(Errno::NOENT | Errno::NOTDIR) => Access::NoNode(node.to_owned()),
            Err(_) => {
                let groups = std::fs::read_to_string("/etc/group").unwrap_or_default();
                Access::denied(node, stat(node).ok(), &groups)
            }
        }
    }

    /// `groups` is the text of `/etc/group`.
    pub(crate) fn denied(node: &Path, stat: Option<Stat>, groups: &str) -> Access {
        let node = node.to_owned();
        let Some(stat) = stat else {
            return Access::Denied { node, owner: "not to be seen".to_owned(), group: None };
        };
        let user = match stat.st_uid {
            0 => "root".to_owned(),
            id => id.to_string(),
        };
        let name = group_name(groups, stat.st_gid);
        let group = name.clone().unwrap_or_else(|| stat.st_gid.to_string());
        let owner = format!("{user}:{group} {:04o}", stat.st_mode & 0o7777);
        let group = name.filter(|_| stat.st_gid != 0 && stat.st_mode & 0o060 == 0o060);
        Access::Denied { node, owner, group }
    }

    /// Whether the dongle may be opened.
    pub fn is_granted(&self) -> bool {
        *self == Access::Granted
    }

    /// What to do about it, as a sentence; `None` where nothing needs to be done.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Access::Granted => None,
            Access::Denied { group: Some(group), .. } => Some(format!(
                "Join the group that may open it (`sudo usermod -aG {group} $USER`) and log in again."
            )),
            Access::Denied { node, .. } => Some(format!(
                "Install Tandem's udev rule and plug the dongle in again, or for this once: \
                 `sudo setfacl -m u:$USER:rw {}`.",
                node.display()
            )),
            Access::NoNode(_) => Some(
                "Plug the dongle in again; in a container, pass /dev/bus/usb through to it."
                    .to_owned(),
            ),
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Access::Granted => f.write_str("may be opened"),
            Access::Denied { node, owner, .. } => {
                write!(f, "may not be opened: {} is {owner}", node.display())
            }
            Access::NoNode(node) => write!(f, "cannot be opened: there is no {}", node.display()),
        }
    }
}

fn group_name(groups: &str, id: u32) -> Option<String> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    })
}
