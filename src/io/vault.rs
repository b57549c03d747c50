//! A key that its provider accepts goes where the settings say: into the system keyring, or into the file of keys. A key that could not be
//! kept stays in use until dictum ends; none goes anywhere that the user did not choose.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::providers::{self, Http, Keys};
use super::{files, keyfile, keyring, work};
use crate::domain::exchange::Endpoint;
use crate::domain::key::Hidden;
use crate::domain::roster::{Found, REFUSED};
use crate::domain::settings::KeyStore;
use crate::protocol::message::{Kept, Tried};

/// How long a provider may take to say whether it accepts a key.
const TRYING: Duration = Duration::from_secs(15);

/// Where keys are kept.
#[derive(Clone, Debug, Default)]
pub struct Vault {
    /// The file of keys; `None` when no config folder can be had.
    pub file: Option<PathBuf>,
    pub store: KeyStore,
}

impl Vault {
    /// Where a key will be kept, as it may be shown; empty when that is not known.
    pub fn shown(&self) -> String {
        match self.store {
            KeyStore::Keyring => keyring::NAME.to_string(),
            KeyStore::File => self.file.as_deref().map(files::shown).unwrap_or_default(),
        }
    }

    /// Tries a key at its provider, and keeps it if it is not refused. Nothing but the provider and the place where it is kept sees it.
    pub async fn try_key(
        &self,
        http: &Http,
        keys: &Keys,
        endpoint: &Endpoint,
        key: Hidden,
        project: &Path,
    ) -> Tried {
        let provider = &endpoint.provider;
        let trial = Keys::default();
        trial.insert(provider, key.expose());
        trial.comes_from(provider, "the key");
        let found = providers::try_key(http, &trial, endpoint, TRYING).await;
        if let Found::Fails { brief, what, .. } = &found
            && brief == REFUSED
        {
            return Tried::Refused { what: what.clone() };
        }
        keys.insert(provider, key.expose());
        let kept = match self.store {
            KeyStore::File => self.put_in_file(keys, provider, key, project).await,
            KeyStore::Keyring => self.put_in_keyring(keys, provider, key, project).await,
        };
        Tried::Accepted { found, kept }
    }

    /// Keeps the key that is in use in the file, when the keyring could not.
    pub async fn keep_in_file(&self, keys: &Keys, provider: &str, project: &Path) -> Kept {
        match keys.get(provider) {
            Some(key) => {
                let key = Hidden::new(secrecy::ExposeSecret::expose_secret(&key));
                self.put_in_file(keys, provider, key, project).await
            }
            None => Kept::Nowhere("it is not in use any more".to_string()),
        }
    }

    async fn put_in_file(&self, keys: &Keys, provider: &str, key: Hidden, project: &Path) -> Kept {
        keys.comes_from(provider, keyfile::NAME);
        let (file, project, name) = (self.file.clone(), project.to_path_buf(), provider.to_string());
        written(move || keyfile::keep(file.as_deref(), &project, &name, &key)).await
    }

    async fn put_in_keyring(&self, keys: &Keys, provider: &str, key: Hidden, project: &Path) -> Kept {
        keys.comes_from(provider, keyring::NAME);
        if let Err(cause) = keyring::keep(provider, key).await {
            return Kept::NotInKeyring(cause);
        }
        let (file, project, name) = (self.file.clone(), project.to_path_buf(), provider.to_string());
        match written(move || keyfile::note_keyring(file.as_deref(), &project, &name)).await {
            Kept::In(_) => Kept::In(keyring::NAME.to_string()),
            other @ (Kept::NotInKeyring(_) | Kept::Nowhere(_)) => other,
        }
    }
}

async fn written(write: impl FnOnce() -> Result<PathBuf, keyfile::KeyFileError> + Send + 'static) -> Kept {
    match work::aside_here(write).await {
        Ok(Ok(path)) => Kept::In(files::shown(&path)),
        Ok(Err(error)) => Kept::Nowhere(error.to_string()),
        Err(broken_off) => Kept::Nowhere(broken_off.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-ant-vault-secret-0123";

    /// A config folder, a project beside it, and keys that hold the one of this provider.
    fn place(provider: &str, store: KeyStore) -> (tempfile::TempDir, Vault, Keys) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("project")).unwrap();
        let file = Some(folder.path().join("config/dictum").join(keyfile::NAME));
        let keys = Keys::default();
        keys.insert(provider, KEY);
        (folder, Vault { file, store }, keys)
    }

    #[tokio::test]
    async fn a_key_that_the_keyring_could_not_keep_goes_to_the_file_when_that_is_wanted() {
        if keyring::IS_BUILT_IN {
            return;
        }
        let (folder, vault, keys) = place("anthropic", KeyStore::Keyring);
        let project = folder.path().join("project");
        let kept = vault.put_in_keyring(&keys, "anthropic", Hidden::new(KEY), &project).await;
        assert_eq!(kept, Kept::NotInKeyring("this dictum was built without it".to_string()));
        assert!(!vault.file.as_ref().unwrap().exists(), "nothing goes there unasked");
        assert!(keys.has("anthropic"), "it is in use all the same");
        let kept = vault.keep_in_file(&keys, "anthropic", &project).await;
        assert!(matches!(&kept, Kept::In(_)), "{kept:?}");
        assert!(std::fs::read_to_string(vault.file.as_ref().unwrap()).unwrap().contains(KEY));
        assert!(matches!(vault.keep_in_file(&keys, "openai", &project).await, Kept::Nowhere(_)));
    }

    #[cfg(feature = "keyring")]
    mod with_keyring {
        use super::*;
        use keyring_core::{Entry, Error, mock};
        use secrecy::ExposeSecret;

        /// The keyring of the tests stands in place of the system's.
        fn mocked() {
            static ONCE: std::sync::Once = std::sync::Once::new();
            ONCE.call_once(|| keyring_core::set_default_store(mock::Store::new().unwrap()));
        }

        fn fails_next(provider: &str, error: Error) {
            let entry = Entry::new("dictum", provider).unwrap();
            entry.as_any().downcast_ref::<mock::Cred>().unwrap().set_error(error);
        }

        #[tokio::test]
        async fn a_key_is_kept_in_the_keyring_and_the_file_only_says_so() {
            mocked();
            let (folder, vault, keys) = place("anthropic", KeyStore::Keyring);
            let project = folder.path().join("project");
            let file = vault.file.clone().unwrap();
            keyfile::keep(Some(&file), &project, "anthropic", &Hidden::new("sk-ant-old")).unwrap();
            let kept = vault.put_in_keyring(&keys, "anthropic", Hidden::new(KEY), &project).await;
            assert_eq!(kept, Kept::In(keyring::NAME.to_string()));
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(text.contains("keyring") && !text.contains("sk-ant"), "{text}");
            // At the next start it is asked for only when it is needed.
            let keys = Keys::default();
            keys.insert_keyring("anthropic");
            assert!(keys.has("anthropic") && keys.get("anthropic").is_none());
            let key = keys.unlock("anthropic").await.unwrap().unwrap();
            assert_eq!(key.expose_secret(), KEY);
        }

        #[tokio::test]
        async fn a_keyring_that_fails_loses_no_key() {
            mocked();
            let (folder, vault, keys) = place("openai", KeyStore::Keyring);
            let project = folder.path().join("project");
            fails_next("openai", Error::NoStorageAccess("no daemon".into()));
            let kept = vault.put_in_keyring(&keys, "openai", Hidden::new(KEY), &project).await;
            assert_eq!(kept, Kept::NotInKeyring("it is locked or does not run: no daemon".to_string()));
            assert!(!vault.file.as_ref().unwrap().exists());
            let kept = vault.keep_in_file(&keys, "openai", &project).await;
            assert!(matches!(&kept, Kept::In(_)), "{kept:?}");
            // Nor does one that holds nothing any more hang or guess.
            keys.forget("groq");
            keys.insert_keyring("groq");
            let told = keys.unlock("groq").await.unwrap_err();
            assert_eq!(told.in_brief(), "the system keyring gave no key");
        }
    }
}
