//! Encryption of a message to one browser (RFC 8291, over RFC 8188).

use domain::Randomness;
use domain::device::Subscription;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::rand::SystemRandom;

/// Bytes of every message, whatever it says, so that its length tells nothing. Push services take 4,096.
pub const LENGTH: usize = 2_048;

const SALT: usize = 16;
const PUBLIC_KEY: usize = 65;
const TAG: usize = 16;
/// Salt, size of a record, and the sender's public key with its length.
const HEADER: usize = SALT + 4 + 1 + PUBLIC_KEY;
/// Most bytes of a text. One byte ends it, and zeros fill up the rest.
const ROOM: usize = LENGTH - HEADER - TAG - 1;
/// What ends the text in the last record.
const END: u8 = 2;
/// The size of a record that its header says. There is one, and it is no larger.
const RECORD: u32 = 4_096;

/// A text cannot be encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncryptError {
    /// It is longer than what every message has room for.
    #[error("the text has more than {ROOM} bytes")]
    TooLong,
    /// The cipher refuses the receiver's key.
    #[error("the receiver's key cannot be encrypted to")]
    Key,
}

impl From<ring::error::Unspecified> for EncryptError {
    fn from(_: ring::error::Unspecified) -> Self {
        Self::Key
    }
}

/// The length of a derived key.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive<const N: usize>(key: &Prk, info: &[&[u8]]) -> Result<[u8; N], EncryptError> {
    let mut derived = [0; N];
    key.expand(info, Length(N))?.fill(&mut derived)?;
    Ok(derived)
}

/// Encrypts a text to the browser that gave out `subscription`, in [`LENGTH`] bytes.
///
/// The salt is drawn from `random`. The key pair is `ring`'s own, which makes none from bytes.
pub fn encrypt(text: &[u8], to: &Subscription, random: &dyn Randomness) -> Result<Vec<u8>, EncryptError> {
    if text.len() > ROOM {
        return Err(EncryptError::TooLong);
    }
    let private = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new())?;
    let public = private.compute_public_key()?;
    let receiver = UnparsedPublicKey::new(&ECDH_P256, &to.p256dh);
    let salt: [u8; SALT] = domain::random::draw(random);
    let (key, nonce) = agree_ephemeral(private, &receiver, |shared| {
        let secret = Salt::new(HKDF_SHA256, &to.auth).extract(shared);
        let info: [&[u8]; 3] = [b"WebPush: info\0", &to.p256dh, public.as_ref()];
        let secret: [u8; 32] = derive(&secret, &info)?;
        let secret = Salt::new(HKDF_SHA256, &salt).extract(&secret);
        let key: [u8; 16] = derive(&secret, &[b"Content-Encoding: aes128gcm\0"])?;
        let nonce: [u8; 12] = derive(&secret, &[b"Content-Encoding: nonce\0"])?;
        Ok::<_, EncryptError>((key, nonce))
    })??;
    let mut record = Vec::with_capacity(ROOM + 1 + TAG);
    record.extend_from_slice(text);
    record.push(END);
    record.resize(ROOM + 1, 0);
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)?;
    let mut message = Vec::with_capacity(LENGTH);
    message.extend_from_slice(&salt);
    message.extend_from_slice(&RECORD.to_be_bytes());
    message.push(u8::try_from(public.as_ref().len()).map_err(|_| EncryptError::Key)?);
    message.extend_from_slice(public.as_ref());
    message.append(&mut record);
    Ok(message)
}
