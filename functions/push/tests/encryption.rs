//! Encryption, read back as a browser reads it (RFC 8291).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests are tests")]

mod browser;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use browser::Browser;
use domain::device::{ExtraOrigins, Subscription};
use push::{LENGTH, encrypt};
use testkit::SeededRandom;

/// The receiver's private key of RFC 8291, appendix A.
const PRIVATE: &str = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94";

fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

#[test]
fn the_receiver_reads_the_vector_of_rfc_8291() {
    let browser = Browser::of(&bytes(PRIVATE), &bytes("BTBZMqHH6r4Tts7J_aSIgg"));
    assert_eq!(
        browser.p256dh(),
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    );
    let message = bytes(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
    );
    assert_eq!(browser.read(&message).unwrap(), b"When I grow up, I want to be a watermelon");
}

#[test]
fn what_is_encrypted_reads_back_and_has_one_length() {
    let browser = Browser::new(3);
    let endpoint = "https://web.push.apple.com/1";
    let to =
        Subscription::parse(endpoint, &browser.p256dh(), &browser.auth(), &ExtraOrigins::default()).unwrap();
    let random = SeededRandom::default();
    let room = LENGTH - 86 - 16 - 1;
    let mut seen = Vec::new();
    for length in [0, 1, 500, room] {
        let text = vec![b'x'; length];
        let message = encrypt(&text, &to, &random).unwrap();
        assert_eq!(message.len(), LENGTH);
        assert_eq!(browser.read(&message).unwrap(), text);
        assert_eq!(Browser::new(4).read(&message), None);
        seen.push((message[..16].to_vec(), message[21..86].to_vec()));
    }
    assert!(encrypt(&vec![0; room + 1], &to, &random).is_err());
    // Salt and key are new each time.
    seen.dedup_by(|one, other| one.0 == other.0 || one.1 == other.1);
    assert_eq!(seen.len(), 4);
}

#[test]
fn a_key_that_is_no_point_is_refused() {
    let browser = Browser::new(3);
    let endpoint = "https://web.push.apple.com/1";
    let mut to =
        Subscription::parse(endpoint, &browser.p256dh(), &browser.auth(), &ExtraOrigins::default()).unwrap();
    to.p256dh[10] ^= 1;
    assert!(encrypt(b"text", &to, &SeededRandom::default()).is_err());
}
