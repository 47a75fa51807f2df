//! Bonds outlive a process that is killed at any moment.

use std::process::{Command, Stdio};
use std::time::Duration;

use tandem::bonds::BondStore;
use tandem::{Address, Bond, Config, OpenError, Receiver};

/// Set in the child: the folder that it writes to.
const FOLDER: &str = "TANDEM_TEST_BONDS";
/// How often the child is killed.
const KILLS: u64 = 20;

fn bond(phone: u8, used: u64) -> Bond {
    Bond {
        address: Address([phone; 6]),
        local: Address([0xEE; 6]),
        key: stack::LinkKey([phone; 16]),
        key_type: stack::KeyType::UnauthenticatedP256,
        name: stack::Name::try_from("phone").unwrap(),
        last_used: used,
        volumes: stack::Volumes::default(),
    }
}

/// The child: stores two bonds over and over until it is killed. Alone it does nothing.
#[test]
fn writer() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = BondStore::open(folder.as_ref()).unwrap();
    for used in 0.. {
        store.store(&bond(1, used)).unwrap();
        store.store(&bond(2, used)).unwrap();
    }
}

#[test]
fn a_process_that_is_killed_leaves_every_bond_whole() {
    let state = tempfile::tempdir().unwrap();
    {
        let store = BondStore::open(state.path()).unwrap();
        store.store(&bond(1, 0)).unwrap();
        store.store(&bond(2, 0)).unwrap();
    }
    for round in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writer"])
            .env(FOLDER, state.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // At another moment each time; when it comes is not what is tested.
        std::thread::sleep(Duration::from_millis(5 + 7 * round % 60));
        child.kill().unwrap();
        child.wait().unwrap();
        let store = BondStore::open(state.path()).unwrap();
        let (bonds, damaged) = store.load().unwrap();
        assert_eq!(damaged, []);
        let mut phones: Vec<u8> = bonds.iter().map(|bond| bond.address.0[0]).collect();
        phones.sort_unstable();
        assert_eq!(phones, [1, 2]);
    }
}

#[test]
fn simulators_stand_side_by_side_and_keep_bonds_only_where_they_are_told_to() {
    let mut config = Config::default();
    for (key, value) in [("controller", "sim"), ("sound", "null"), ("realtime.priority", "0")] {
        config.set(key, value).unwrap();
    }
    let one = Receiver::open(config.clone()).unwrap();
    let other = Receiver::open(config.clone()).unwrap();
    let state = tempfile::tempdir().unwrap();
    config.state_dir = Some(state.path().into());
    let keeper = Receiver::open(config.clone()).unwrap();
    assert!(state.path().join("bonds").is_dir());
    assert!(matches!(Receiver::open(config), Err(OpenError::Config(_))));
    for receiver in [one, other, keeper] {
        receiver.close();
    }
}
