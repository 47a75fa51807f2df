//! Why a receiver did not start.

use std::fmt;

use crate::bonds::StoreError;
use crate::config::ConfigError;

/// A receiver could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The configuration is wrong.
    Config(ConfigError),
    /// There is no such controller, or nobody answers there.
    NoController(String),
    /// Something may not be used; says what would permit it.
    Permission(String),
    /// The controller failed; says at which step.
    Controller(String),
    /// The system refused something else.
    System(String),
}

impl OpenError {
    /// The exit code that programs end with: 2 configuration, 3 no such controller, 4 permission,
    /// 5 the controller failed, 1 anything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            OpenError::Config(_) => 2,
            OpenError::NoController(_) => 3,
            OpenError::Permission(_) => 4,
            OpenError::Controller(_) => 5,
            OpenError::System(_) => 1,
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Config(error) => error.fmt(f),
            OpenError::NoController(text)
            | OpenError::Permission(text)
            | OpenError::Controller(text)
            | OpenError::System(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<ConfigError> for OpenError {
    fn from(error: ConfigError) -> Self {
        OpenError::Config(error)
    }
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Io(_, io) if io.kind() == std::io::ErrorKind::PermissionDenied => {
                OpenError::Permission(error.to_string())
            }
            _ => OpenError::Config(ConfigError {
                file: None,
                line: None,
                key: Some("state_dir".into()),
                reason: error.to_string(),
            }),
        }
    }
}

impl From<audio::OpenError> for OpenError {
    fn from(error: audio::OpenError) -> Self {
        match error.kind {
            audio::OpenErrorKind::Permission => OpenError::Permission(error.to_string()),
            audio::OpenErrorKind::Usage | audio::OpenErrorKind::Failed => {
                OpenError::Config(ConfigError::new("sound", error.to_string()))
            }
        }
    }
}

impl From<audio::MicrophoneError> for OpenError {
    fn from(error: audio::MicrophoneError) -> Self {
        match error.kind {
            audio::OpenErrorKind::Permission => OpenError::Permission(error.to_string()),
            audio::OpenErrorKind::Usage | audio::OpenErrorKind::Failed => {
                OpenError::Config(ConfigError::new("microphone", error.to_string()))
            }
        }
    }
}

impl From<h4::OpenError> for OpenError {
    fn from(error: h4::OpenError) -> Self {
        match error.kind {
            h4::OpenErrorKind::BadSpec => OpenError::Config(ConfigError {
                file: None,
                line: None,
                key: Some("controller".into()),
                reason: error.to_string(),
            }),
            h4::OpenErrorKind::Permission => OpenError::Permission(error.to_string()),
            _ => OpenError::NoController(error.to_string()),
        }
    }
}
