//! `tandem completions` and `tandem man`: made from the command line's own definition.

use std::io::Write;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::failure::Failure;

pub(crate) fn completions(shell: Shell, out: &mut dyn Write) -> Result<(), Failure> {
    // Into memory first: the generator panics where writing fails, as on a closed pipe.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "tandem", &mut text);
    Ok(out.write_all(&text)?)
}

pub(crate) fn man(folder: Option<&Path>, out: &mut dyn Write) -> Result<(), Failure> {
    let command = Arguments::command();
    match folder {
        None => Ok(clap_mangen::Man::new(command).render(out)?),
        Some(folder) => std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(command, folder))
            .map_err(|error| Failure::Failed(format!("{}: {error}", folder.display()))),
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_verb_is_in_the_pages() {
        let command = Arguments::command();
        let verbs: Vec<String> =
            command.get_subcommands().map(|verb| verb.get_name().to_string()).collect();
        let folder = tempfile::tempdir().unwrap();
        let pages = folder.path().join("made/for/it");
        man(Some(&pages), &mut Vec::new()).unwrap();
        for verb in &verbs {
            assert!(pages.join(format!("tandem-{verb}.1")).exists(), "{verb}");
        }
        let mut page = Vec::new();
        man(None, &mut page).unwrap();
        assert!(String::from_utf8(page).unwrap().contains(".TH tandem 1"));
        for shell in Shell::value_variants() {
            let mut text = Vec::new();
            completions(*shell, &mut text).unwrap();
            let text = String::from_utf8(text).unwrap();
            for verb in &verbs {
                assert!(text.contains(verb.as_str()), "{shell}: {verb}");
            }
        }
    }
}
