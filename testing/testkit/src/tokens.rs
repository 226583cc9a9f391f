//! Access tokens that need no key service.

use api::Caller;
use domain::Timestamp;
use futures::FutureExt;
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::pkcs8::EncodePublicKey;
use runtime::auth::{Issuer, SignError, Signer, Signing, Verifier};

/// Signs with a key in the process. The default key is the same in every test;
/// [`verifier`] verifies its tokens.
#[derive(Clone)]
pub struct LocalSigner(SigningKey);

impl Default for LocalSigner {
    fn default() -> Self {
        Self::of(7)
    }
}

impl LocalSigner {
    fn of(byte: u8) -> Self {
        Self(SigningKey::from_slice(&[byte; 32]).expect("a key"))
    }

    /// Returns a verifier of what this signs.
    pub fn verifier(&self) -> Verifier {
        let der = self.0.verifying_key().to_public_key_der().expect("a public key");
        Verifier::from_public_key_der(der.as_bytes()).expect("a P-256 key")
    }
}

impl Signer for LocalSigner {
    fn sign<'a>(&'a self, digest: &'a [u8; 32]) -> Signing<'a> {
        Box::pin(
            async move { self.0.sign_prehash(digest).map_err(|error| SignError::new(error.to_string())) },
        )
    }
}

/// Returns a verifier of the tokens of [`token_for`] and [`issuer`].
pub fn verifier() -> Verifier {
    LocalSigner::default().verifier()
}

/// Returns an issuer of tokens, as the functions that log in use it.
pub fn issuer() -> Issuer {
    Issuer::new(LocalSigner::default())
}

/// Returns a valid token for `caller`, issued at `now`.
pub fn token_for(caller: &Caller, now: Timestamp) -> String {
    issue(LocalSigner::default(), caller, now)
}

/// Returns the same token, signed by another key.
pub fn forged_token_for(caller: &Caller, now: Timestamp) -> String {
    issue(LocalSigner::of(8), caller, now)
}

fn issue(signer: LocalSigner, caller: &Caller, now: Timestamp) -> String {
    Issuer::new(signer)
        .issue(caller, now)
        .now_or_never()
        .expect("nothing to wait for")
        .expect("a signature")
        .token
}
