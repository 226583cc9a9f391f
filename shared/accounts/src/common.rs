//! Common passwords: a filter over those of `SecLists`' list that have at least 10 characters.
//!
//! The list is `10-million-password-list-top-1000000` of `SecLists` (MIT), the million commonest of ten
//! million passwords from breaches. Some 112,000 of them are long enough to be chosen, in one case. A
//! binary fuse filter holds a fingerprint of 16 bits for each. It knows every password of the list, and
//! takes one in 65,536 others for one of it. `make common-passwords` builds it again.

use sha2::{Digest, Sha256};
use xorf::{BinaryFuse16, BinaryFuse16Ref, DmaSerializable, Filter, FilterRef};

/// Bytes where fingerprints of 16 bits may lie.
#[repr(C, align(2))]
struct Aligned<Bytes: ?Sized>(Bytes);

/// The filter: its descriptor, then its fingerprints.
static FILTER: &Aligned<[u8]> = &Aligned(*include_bytes!("../common-passwords.bin"));

/// Returns whether a password is common, in any case.
pub fn contains(password: &str) -> bool {
    let (descriptor, fingerprints) = FILTER.0.split_at(BinaryFuse16::DESCRIPTOR_LEN);
    BinaryFuse16Ref::from_dma(descriptor, fingerprints).contains(&key(password))
}

/// Returns the key of a password in the filter: the first eight bytes of the SHA-256 of its lower case.
pub fn key(password: &str) -> u64 {
    let digest = Sha256::digest(password.to_lowercase().as_bytes());
    digest.iter().take(8).fold(0, |key, byte| (key << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_are_known_in_any_case() {
        for common in ["qwertyuiop", "1234567890", "Q1W2E3R4T5", "basketball", "password123", "Liverpool1"] {
            assert!(contains(common), "{common}");
        }
    }

    #[test]
    fn hardly_any_other_password_is_taken_for_a_common_one() {
        // About three of 200,000 are expected.
        let wrong = (0..200_000).filter(|number| contains(&format!("no list has this: {number}"))).count();
        assert!(wrong <= 12, "{wrong} of 200,000");
    }

    #[test]
    fn the_filter_is_small() {
        assert!(FILTER.0.len() <= 300_000, "{} bytes", FILTER.0.len());
    }
}
