//! Password hashes: argon2id with the parameters that OWASP recommends (19 MiB, two passes, one lane).
//!
//! Hashing takes some 20 ms of pure computation. A check runs on the caller's thread. A Lambda process
//! answers one request at a time, so it delays no other. A new hash is made on another thread, beside calls
//! of the table.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use domain::account::{Email, Password, UserName};
use domain::random::draw;
use domain::{Fault, FaultKind, Invalid, Randomness};

use crate::common;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT: usize = 16;

/// A password cannot be hashed, or a stored hash cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("a password cannot be checked")]
pub struct HashError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl HashError {
    fn new(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(source))
    }
}

impl Fault for HashError {
    fn kind(&self) -> FaultKind {
        FaultKind::Permanent
    }
}

/// Parses a new password of somebody with this name and address, as far as they are known. It is neither
/// short, nor common, nor made of a name.
pub fn choose(text: &str, username: &UserName, email: Option<&Email>) -> Result<Password, Invalid> {
    let address = email.map_or("", Email::expose);
    let local = address.rsplit_once('@').map_or("", |(local, _)| local);
    let password = Password::choose(text, &[username.as_str(), address, local])?;
    if common::contains(password.expose()) {
        return Err(Invalid::new("password_common", "Many people have this password. Choose another one."));
    }
    Ok(password)
}

/// Hashes a new password under a new salt and returns a PHC string.
///
/// The string names its parameters. They can be raised later, and older hashes still verify.
pub fn hash(password: &Password, randomness: &dyn Randomness) -> Result<String, HashError> {
    Ok(salted(password.expose(), &draw::<SALT>(randomness))?.to_string())
}

/// Returns whether `password` is the password of this hash.
///
/// Without a hash, and for a text that can be no password, it returns false after the same work. So the time
/// of a response does not reveal whether an account exists.
pub fn verify(password: Option<&Password>, hash: Option<&str>) -> Result<bool, HashError> {
    let (Some(password), Some(hash)) = (password, hash) else {
        std::hint::black_box(salted(password.map_or("", Password::expose), &[0; SALT])?);
        return Ok(false);
    };
    let hash = PasswordHash::new(hash).map_err(HashError::new)?;
    match argon2()?.verify_password(password.expose().as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(HashError::new(error)),
    }
}

/// Returns whether a hash has today's parameters.
pub fn is_current(hash: &str) -> bool {
    hash.starts_with(&format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$"))
}

fn salted(text: &str, salt: &[u8]) -> Result<PasswordHash, HashError> {
    argon2()?.hash_password_with_salt(text.as_bytes(), salt).map_err(HashError::new)
}

fn argon2() -> Result<Argon2<'static>, HashError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(HashError::new)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Salt(u8);
    impl Randomness for Salt {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn only_the_exact_password_verifies() {
        let password = Password::parse("correct horse").unwrap();
        let hashed = hash(&password, &Salt(1)).unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert!(is_current(&hashed));
        assert!(!hashed.contains("horse"));
        assert!(verify(Some(&password), Some(&hashed)).unwrap());
        for wrong in ["Correct horse", "correct horse ", "", &"x".repeat(10_000)] {
            assert!(!verify(Password::parse(wrong).ok().as_ref(), Some(&hashed)).unwrap(), "{wrong:?}");
        }
        assert!(!verify(Some(&password), None).unwrap());
    }

    #[test]
    fn equal_passwords_have_different_hashes() {
        let password = Password::parse("correct horse").unwrap();
        assert_ne!(hash(&password, &Salt(1)).unwrap(), hash(&password, &Salt(2)).unwrap());
    }

    #[test]
    fn a_hash_with_older_parameters_verifies_and_a_broken_one_is_an_error() {
        let weaker = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(1024, 1, 1, None).unwrap());
        let old: PasswordHash = weaker.hash_password_with_salt(b"correct horse", &[3; SALT]).unwrap();
        let password = Password::parse("correct horse").unwrap();
        assert!(verify(Some(&password), Some(&old.to_string())).unwrap());
        assert!(!is_current(&old.to_string()));
        assert!(verify(Some(&password), Some("not a hash")).is_err());
    }
    #[test]
    fn a_new_password_is_neither_common_nor_a_name() {
        let (name, email) =
            (UserName::parse("john_doe").unwrap(), Email::parse("long.address@example.org").unwrap());
        let chosen =
            |text: &str| choose(text, &name, Some(&email)).map(|_| ()).map_err(|invalid| invalid.code);
        assert_eq!(chosen("1234567890"), Err("password_common"));
        assert_eq!(chosen("qwertyuiop"), Err("password_common"));
        assert_eq!(chosen("John.Doe.1990"), Err("password_is_name"));
        assert_eq!(chosen("long.address@example.org"), Err("password_is_name"));
        assert_eq!(chosen("LongAddress1"), Err("password_is_name"));
        assert_eq!(chosen("too short"), Err("password_too_short"));
        assert_eq!(chosen("correct horse battery"), Ok(()));
    }
}
