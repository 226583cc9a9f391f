//! Sealing and opening, with a connector that stands for the key service.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what it does not expect")]

use domain::{Fault, FaultKind};
use sealing::{Opener, SealError, Sealer};
use testkit::{KeyService, SeededRandom};

fn sealer(service: &KeyService) -> Sealer {
    Sealer::new(service.client(), KeyService::KEY_ID, SeededRandom::new(1).shared())
}

#[tokio::test]
async fn what_is_sealed_is_opened_by_the_key_service_alone() {
    let service = KeyService::default();
    let (sealer, opener) = (sealer(&service), Opener::new(service.client()));
    let longest = format!("{}@example.org", "x".repeat(242));
    for text in ["", "ann@example.org", "anné@bücher.example", &longest] {
        let sealed = sealer.seal(text).await.unwrap();
        assert_eq!(opener.open(&sealed).await.unwrap(), text);
        assert!(text.is_empty() || !format!("{sealed:?}{}", sealed.text).contains(text));
    }
    assert_eq!(service.asked()[..2], ["GetPublicKey", "Decrypt"]);
}

#[tokio::test]
async fn the_public_key_is_fetched_once_and_texts_never_look_alike() {
    let service = KeyService::default();
    let sealer = sealer(&service);
    let (one, two) = (sealer.seal("ann").await.unwrap(), sealer.clone().seal("ann").await.unwrap());
    assert_ne!(one, two);
    assert_eq!(service.asked(), ["GetPublicKey"]);
}

#[tokio::test]
async fn a_key_service_that_is_away_is_a_temporary_fault_and_asked_again() {
    let service = KeyService::default();
    let sealer = sealer(&service);
    service.fail_next(1);
    let error = sealer.seal("ann").await.unwrap_err();
    assert!(matches!(error, SealError::Fetch(_)) && matches!(error.kind(), FaultKind::Temporary));
    let sealed = sealer.seal("ann").await.unwrap();
    service.fail_next(1);
    assert!(Opener::new(service.client()).open(&sealed).await.is_err());
}

#[tokio::test]
async fn a_changed_text_is_not_opened() {
    let service = KeyService::default();
    let mut sealed = sealer(&service).seal("ann").await.unwrap();
    let first = if sealed.text.starts_with('A') { "B" } else { "A" };
    sealed.text.replace_range(..1, first);
    assert!(Opener::new(service.client()).open(&sealed).await.is_err());
    sealed.text = "no base64!".to_owned();
    assert!(Opener::new(service.client()).open(&sealed).await.is_err());
}
