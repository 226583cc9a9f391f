//! Builds the filter of common passwords that `shared/accounts` holds.
//!
//! The list has a password on each line. Passwords that are too short to be chosen are left out. The same
//! list gives the same bytes.

use std::collections::BTreeSet;

use accounts::common::key;
use domain::account::{Password, hex};
use sha2::{Digest, Sha256};
use xorf::{BinaryFuse16, DmaSerializable};

/// The SHA-256 of the list: `10-million-password-list-top-1000000.txt` of `SecLists`.
const LIST: &str = "eac6323842b3261da0ef4c180c8e23f4d056522ea97c2925b8687f453b40a2be";

/// Why no filter is built.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum BuildError {
    /// The list is another one than the filter was built from.
    #[error("this is not the list of SecLists with the SHA-256 {LIST}")]
    OtherList,
    /// The filter cannot be built of these passwords.
    #[error("{0}")]
    Filter(&'static str),
}

/// Returns the filter of the one list.
///
/// # Errors
/// The list is another one.
pub fn filter_of_list(list: &[u8]) -> Result<Vec<u8>, BuildError> {
    if hex(&Sha256::digest(list)) != LIST {
        return Err(BuildError::OtherList);
    }
    filter(&String::from_utf8_lossy(list))
}

fn filter(list: &str) -> Result<Vec<u8>, BuildError> {
    let chosen = list.lines().filter_map(|line| Password::choose(line, &[]).ok());
    let keys: BTreeSet<u64> = chosen.map(|password| key(password.expose())).collect();
    let keys: Vec<u64> = keys.into_iter().collect();
    let filter = BinaryFuse16::try_from(&keys).map_err(BuildError::Filter)?;
    let mut bytes = vec![0; BinaryFuse16::DESCRIPTOR_LEN];
    filter.dma_copy_descriptor_to(&mut bytes);
    bytes.extend_from_slice(filter.dma_fingerprints());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use xorf::{BinaryFuse16Ref, Filter, FilterRef};

    use super::*;

    #[test]
    fn a_filter_knows_the_long_passwords_of_its_list() {
        let lines: Vec<_> = (0..1_000).map(|number| format!("password {number:04}\nshort{number}")).collect();
        let list = lines.join("\n");
        let bytes = filter(&list).unwrap();
        assert_eq!(bytes, filter(&list).unwrap(), "the same list gives the same bytes");
        let (descriptor, fingerprints) = bytes.split_at(BinaryFuse16::DESCRIPTOR_LEN);
        let filter = BinaryFuse16Ref::from_dma(descriptor, fingerprints);
        assert!((0..1_000).all(|number| filter.contains(&key(&format!("PASSWORD {number:04}")))));
        assert!(!filter.contains(&key("short7")) && !filter.contains(&key("another one")));
    }

    #[test]
    fn another_list_is_refused() {
        assert!(matches!(filter_of_list(b"password\n"), Err(BuildError::OtherList)));
    }
}
