//! A browser that reads what is pushed to it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdh::diffie_hellman;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{PublicKey, SecretKey};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};

pub(crate) struct Browser {
    key: SecretKey,
    auth: Vec<u8>,
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive<const N: usize>(key: &Prk, info: &[&[u8]]) -> [u8; N] {
    let mut derived = [0; N];
    key.expand(info, Length(N)).unwrap().fill(&mut derived).unwrap();
    derived
}

impl Browser {
    pub(crate) fn of(key: &[u8], auth: &[u8]) -> Self {
        Self { key: SecretKey::from_slice(key).unwrap(), auth: auth.to_vec() }
    }

    pub(crate) fn new(seed: u8) -> Self {
        Self::of(&[seed; 32], &[seed; 16])
    }

    fn public(&self) -> Vec<u8> {
        self.key.public_key().to_sec1_point(false).as_bytes().to_vec()
    }

    pub(crate) fn p256dh(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.public())
    }

    pub(crate) fn auth(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.auth)
    }

    /// Returns the text of a message of one record; `None` where it is not for this browser.
    pub(crate) fn read(&self, message: &[u8]) -> Option<Vec<u8>> {
        let (salt, rest) = message.split_at(16);
        let (size, rest) = rest.split_at(4);
        let (sender, record) = rest[1..].split_at(usize::from(rest[0]));
        assert!(record.len() <= u32::from_be_bytes(size.try_into().unwrap()) as usize);
        let sender_key = PublicKey::from_sec1_bytes(sender).unwrap();
        let shared = diffie_hellman(self.key.to_nonzero_scalar(), sender_key.as_affine());
        let secret = Salt::new(HKDF_SHA256, &self.auth).extract(shared.raw_secret_bytes().as_slice());
        let secret: [u8; 32] = derive(&secret, &[b"WebPush: info\0", &self.public(), sender]);
        let secret = Salt::new(HKDF_SHA256, salt).extract(&secret);
        let key: [u8; 16] = derive(&secret, &[b"Content-Encoding: aes128gcm\0"]);
        let nonce = derive(&secret, &[b"Content-Encoding: nonce\0"]);
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap());
        let mut text = record.to_vec();
        let text = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut text).ok()?;
        let end = text.iter().rposition(|byte| *byte != 0)?;
        assert_eq!(text[end], 2, "the record is the last");
        Some(text[..end].to_vec())
    }
}
