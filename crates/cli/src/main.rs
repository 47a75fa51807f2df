//! The program.

fn main() -> std::process::ExitCode {
    tandem_cli::main()
}
