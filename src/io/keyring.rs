//! The keyring of the system, where dictum was built with it: the Secret Service, the Keychain or the Credential Manager keep a key there. It
//! holds nothing itself, and no error of it shows a key. Every call may wait for the user, who is asked to unlock the keyring.

use std::time::Duration;

use super::work;

/// How long a keyring may take; its user may be asked for a password first.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether this dictum can use it.
pub const IS_BUILT_IN: bool = cfg!(feature = "keyring");

/// How it is named to the user.
pub const NAME: &str = "the system keyring";

/// How a dictum that has it is built.
pub const HOW_BUILT: &str = "build dictum with `--features keyring`";

/// The key of a provider. Needs a running tokio runtime.
pub async fn read(provider: &str) -> Result<String, String> {
    let provider = provider.to_string();
    patiently(move || inner::read(&provider)).await
}

/// Keeps the key of a provider, in place of an earlier one. Needs a running tokio runtime.
pub async fn keep(provider: &str, key: crate::domain::key::Hidden) -> Result<(), String> {
    let provider = provider.to_string();
    patiently(move || inner::keep(&provider, key.expose())).await
}

async fn patiently<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    match tokio::time::timeout(PATIENCE, work::aside_here(job)).await {
        Ok(Ok(done)) => done,
        Ok(Err(broken_off)) => Err(broken_off.to_string()),
        Err(_) => Err(format!("it did not answer within {} s", PATIENCE.as_secs())),
    }
}

#[cfg(feature = "keyring")]
mod inner {
    use keyring::Entry as Native;
    use keyring_core::{Entry, Error};

    /// Under this name all keys stand in the keyring.
    const SERVICE: &str = "dictum";

    fn entry(provider: &str) -> Result<Entry, String> {
        // The first entry connects to the system's keyring, unless there is another one already.
        if keyring_core::get_default_store().is_none()
            && let Err(error) = Native::store_status()
        {
            return Err(why(error));
        }
        Entry::new(SERVICE, provider).map_err(|error| why(&error))
    }

    pub fn read(provider: &str) -> Result<String, String> {
        entry(provider)?.get_password().map_err(|error| why(&error))
    }

    pub fn keep(provider: &str, key: &str) -> Result<(), String> {
        entry(provider)?.set_password(key).map_err(|error| why(&error))
    }

    /// Why not, without what the entry holds.
    fn why(error: &Error) -> String {
        match error {
            Error::NoEntry => "it holds no such key".to_string(),
            Error::NoStorageAccess(cause) => format!("it is locked or does not run: {}", plain(cause)),
            Error::PlatformFailure(cause) => format!("it does not run or failed: {}", plain(cause)),
            Error::BadEncoding(_) | Error::BadDataFormat(..) => {
                "what it holds under that name is no key".to_string()
            }
            Error::Ambiguous(_) => "it holds several keys of that name".to_string(),
            // The others speak of this machine alone; more may come.
            other => plain(other),
        }
    }

    fn plain(cause: &(impl std::fmt::Display + ?Sized)) -> String {
        crate::base::text::one_line(&cause.to_string())
    }
}

#[cfg(not(feature = "keyring"))]
mod inner {
    pub fn read(_: &str) -> Result<String, String> {
        Err("this dictum was built without it".to_string())
    }

    pub fn keep(_: &str, _: &str) -> Result<(), String> {
        Err("this dictum was built without it".to_string())
    }
}
