use std::fs;

use crate::firmware::{FILE_LIMIT, Found, Library};

#[test]
fn files_are_found_in_the_first_folder_that_has_them() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let library = Library::of([first.path(), second.path()]);
    assert_eq!(library.find("intel/a.sfi"), Found::Missing);
    for (folder, content) in [(&second, b"second"), (&first, b"first!")] {
        fs::create_dir(folder.path().join("intel")).unwrap();
        fs::write(folder.path().join("intel/a.sfi"), content).unwrap();
        assert_eq!(library.find("intel/a.sfi"), Found::Plain(content.to_vec()));
    }
    assert_eq!(library.find("intel"), Found::Missing, "a folder is no file");
}

#[test]
fn nothing_outside_of_the_folders_is_found() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret"), "x").unwrap();
    fs::create_dir(folder.path().join("firmware")).unwrap();
    let library = Library::of([folder.path().join("firmware")]);
    let absolute = folder.path().join("secret");
    for name in ["../secret", "a/../../secret", absolute.to_str().unwrap(), ""] {
        assert_eq!(library.find(name), Found::Missing, "{name}");
    }
}

#[test]
fn what_is_compressed_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let library = Library::of([folder.path()]);
    for (suffix, tool) in [("xz", "`xz -dk "), ("zst", "`zstd -dk ")] {
        fs::write(folder.path().join(format!("{suffix}.bin.{suffix}")), "x").unwrap();
        let Found::Useless(why) = library.find(&format!("{suffix}.bin")) else { panic!() };
        assert!(why.contains(tool) && why.contains("not supported"), "{why}");
    }
    fs::write(folder.path().join("xz.bin"), "plain").unwrap();
    assert_eq!(library.find("xz.bin"), Found::Plain(b"plain".to_vec()));
}

#[test]
fn no_file_is_read_that_is_too_long() {
    let folder = tempfile::tempdir().unwrap();
    let library = Library::of([folder.path()]);
    let file = fs::File::create(folder.path().join("long")).unwrap();
    file.set_len(FILE_LIMIT as u64 + 1).unwrap();
    let Found::Useless(why) = library.find("long") else { panic!() };
    assert!(why.ends_with("is longer than any firmware"), "{why}");
    file.set_len(FILE_LIMIT as u64).unwrap();
    assert!(matches!(library.find("long"), Found::Plain(bytes) if bytes.len() == FILE_LIMIT));
}
