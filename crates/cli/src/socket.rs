//! Where the daemon's socket is.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The folder that system daemons have theirs in, one each.
const SYSTEM: &str = "/run/tandem";

/// The socket: as given, else `$TANDEM_CONTROL`, else `$XDG_RUNTIME_DIR/tandem/control`, else
/// the only `/run/tandem/*/control`.
pub(crate) fn find(given: Option<&Path>) -> Result<PathBuf, Failure> {
    search(given, &|name| std::env::var_os(name), Path::new(SYSTEM))
}

fn search(
    given: Option<&Path>,
    variable: &dyn Fn(&str) -> Option<OsString>,
    system: &Path,
) -> Result<PathBuf, Failure> {
    let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(path) = given.map(PathBuf::from).or_else(|| set("TANDEM_CONTROL")) {
        return Ok(path);
    }
    let own = set("XDG_RUNTIME_DIR").map(|folder| folder.join("tandem/control"));
    let mut found: Vec<PathBuf> = own.iter().filter(|path| path.exists()).cloned().collect();
    if found.is_empty() {
        let folders = std::fs::read_dir(system).into_iter().flatten().flatten();
        found =
            folders.map(|folder| folder.path().join("control")).filter(|p| p.exists()).collect();
        found.sort();
    }
    match &found[..] {
        [one] => Ok(one.clone()),
        [] => {
            let tried = own.map(|path| format!("{} or ", path.display())).unwrap_or_default();
            Err(Failure::NoDaemon(format!(
                "no daemon: there is no {tried}{}/*/control; start tandemd, or give --control SOCKET",
                system.display()
            )))
        }
        several => {
            let list: Vec<String> =
                several.iter().map(|path| format!("\n  --control {}", path.display())).collect();
            Err(Failure::Usage(format!("several daemons run; say which:{}", list.concat())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: &Path) -> PathBuf {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
        path.into()
    }

    #[test]
    fn the_nearest_place_counts() {
        let folder = tempfile::tempdir().unwrap();
        let (system, runtime) = (folder.path().join("run"), folder.path().join("user"));
        let none = |_: &str| None;
        let user = |name: &str| (name == "XDG_RUNTIME_DIR").then(|| runtime.clone().into());
        let both = |name: &str| match name {
            "TANDEM_CONTROL" => Some("/variable".into()),
            name => user(name),
        };

        let missing = search(None, &user, &system).unwrap_err();
        assert_eq!(missing.code(), 3);
        assert!(missing.to_string().contains("user/tandem/control"), "{missing}");
        let one = touch(&system.join("1-1/control"));
        assert_eq!(search(None, &none, &system).unwrap(), one);
        let other = touch(&system.join("1-2/control"));
        let several = search(None, &none, &system).unwrap_err();
        assert_eq!(several.code(), 2);
        for path in [one, other] {
            assert!(several.to_string().contains(path.to_str().unwrap()), "{several}");
        }
        let own = touch(&runtime.join("tandem/control"));
        assert_eq!(search(None, &user, &system).unwrap(), own);
        assert_eq!(search(None, &both, &system).unwrap(), Path::new("/variable"));
        assert_eq!(search(Some(Path::new("/given")), &both, &system).unwrap(), Path::new("/given"));
    }
}
