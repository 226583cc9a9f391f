//! Texts that one function alone can read: e-mail addresses, and the tokens of mailed links.
//!
//! The key is an RSA key of the key service. Whoever seals encrypts in the process, to the public half, which
//! is fetched once (RSAES-OAEP with SHA-256). The private half never leaves the key service, which decrypts
//! for the function `mail` alone.

mod open;
mod seal;

pub use open::{OpenError, Opener};
pub use seal::{SealError, Sealer};

type Source = Box<dyn std::error::Error + Send + Sync>;
