//! Long texts of photos: where they are, what they cost, and that edits keep them whole.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests are tests")]

use domain::comment::{Commenting, MAX_PINS};
use domain::media::AddressSecret;
use domain::photo::{Medium, Photo};
use domain::text::{Caption, Tag};
use domain::visibility::Audience;
use domain::{CommentId, PhotoId, Relation, UserId};
use table::keys::ItemKey;
use table::original::Share;
use table::photo::{self, Pinning, TextBudget, TextChanges};
use table::relations::EdgeState;
use table::{Order, Patch};
use testkit::{Fault, World, maximal, whole};

/// Stores a draft of so many media with a caption and no other text.
async fn captioned(world: &World, media: usize, caption: usize) -> Photo {
    let author = api::Caller { user_id: UserId::try_from(1).unwrap(), username: "a".repeat(30) };
    let id = PhotoId::generate(author.user_id, &world.clock, &world.random);
    let mut draft = maximal::draft(id, AddressSecret::draw(&world.random), &author);
    draft.media = vec![Medium { alt: None, ..draft.media[0].clone() }; media];
    draft.pending = media;
    draft.caption = Caption::parse(&"x".repeat(caption)).unwrap();
    (draft.place, draft.tags) = (None, Vec::new());
    draft.audience = Audience::Followers;
    photo::create(&world.table, &draft, None).await.unwrap();
    draft
}

async fn texts_are_beside(world: &World, photo: &Photo) -> bool {
    photo::get_latest(&world.table, photo.id).await.unwrap().unwrap().caption.is_none()
}

/// Returns the write units of a like derived alone, and of 49 out of order.
async fn like_units(world: &World, photo: PhotoId) -> (f64, f64) {
    let user = |number| UserId::try_from(number).unwrap();
    let like = |number| EdgeState::since(Relation::Like(user(number), photo), Some(testkit::START));
    world.engine.reset_usage();
    table::settle(&world.table, vec![like(1)], Order::InOrder).await.unwrap();
    let alone = world.engine.usage().write_units;
    for number in 2..=50 {
        let edge = table::like::Like { author: user(1), username: "x".repeat(30), at: testkit::START };
        table::like::add(&world.table, user(number), photo, &edge).await.unwrap();
    }
    world.engine.reset_usage();
    table::settle(&world.table, (2..=50).map(like).collect(), Order::OutOfOrder).await.unwrap();
    (alone, world.engine.usage().write_units)
}

/// Admits an edit.
fn admitted() -> std::future::Ready<table::Result<()>> {
    std::future::ready(Ok(()))
}

#[tokio::test]
async fn texts_that_fit_stay_in_an_item_of_three_kib() {
    let world = World::new().await;
    for media in 3..=10 {
        // Beside ten media there is room for none.
        let fits = (3 * 1024_usize).saturating_sub(452 + 262 * media + "caption".len());
        let (inside, beside) =
            (captioned(&world, media, fits).await, captioned(&world, media, fits + 1).await);
        assert_eq!(texts_are_beside(&world, &inside).await, fits == 0);
        assert!(texts_are_beside(&world, &beside).await);
        for index in 0..media {
            let facts = maximal::rendered();
            photo::finish_medium(&world.table, &inside, index, &facts, Share::Alone).await.unwrap();
        }
        let grown = "SET likes = :value, comments = :value, version = :value, edits = :value";
        world.write(&ItemKey::Photo(inside.id), grown, 999_999_999_999).await;
        let settings = TextChanges {
            commenting: Some(Commenting::Followers),
            hides_likes: Some(true),
            muted: Some(true),
            ..TextChanges::default()
        };
        photo::edit(&world.table, inside.id, inside.author, &settings, admitted()).await.unwrap().unwrap();
        for _ in 0..MAX_PINS {
            let pinned = CommentId::generate(inside.id, &world.clock, &world.random);
            let pinning = photo::pin(&world.table, inside.id, inside.author, pinned).await.unwrap();
            assert_eq!(pinning, Pinning::Pinned);
        }
        let (alone, hot) = like_units(&world, inside.id).await;
        assert!(alone <= 2.0 + 6.0, "{media}: {alone}");
        assert!(hot <= 49.0 * 4.0 + 6.0, "{media}: {hot}");
    }
}

#[tokio::test]
async fn a_maximal_photo_is_small_to_count_on_and_whole_to_show() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let draft = world.post_maximal(&ann).await;
    let (alone, hot) = like_units(&world, draft.id).await;
    assert!(alone <= 8.0 && hot <= 49.0 * 4.0 + 6.0, "{alone} {hot}");

    world.engine.reset_usage();
    let counted = photo::get(&world.table, draft.id).await.unwrap().unwrap();
    assert!(world.engine.usage().read_units <= 0.5);
    assert_eq!((counted.likes, counted.text_bytes()), (50, 0));

    world.engine.reset_usage();
    let whole = whole(&world.table, draft.id).await;
    let usage = world.engine.usage();
    assert!(usage.round_trips == 2 && usage.read_units <= 9.0, "{usage:?}");
    assert_eq!((&whole.caption, &whole.place, &whole.tags), (&draft.caption, &draft.place, &draft.tags));
    assert!(whole.media.iter().all(|medium| medium.alt == draft.media[0].alt && medium.rendered.is_some()));
}

#[tokio::test]
async fn texts_move_with_edits_and_go_with_the_photo() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let (table, draft) = (&world.table, world.post_maximal(&ann).await);
    let edit = async |changes: &TextChanges| {
        photo::edit(table, draft.id, ann.user_id, changes, admitted()).await.unwrap().unwrap()
    };
    let none = TextChanges {
        caption: Patch::Remove,
        place: Patch::Remove,
        tags: Patch::Remove,
        ..TextChanges::default()
    };
    let kept = edit(&none).await;
    assert_eq!((kept.caption.as_ref(), kept.tags.len()), (None, 0));
    assert_eq!(kept.media[0].alt, draft.media[0].alt, "an edit leaves what it does not name");
    let long = TextChanges { caption: Patch::present(draft.caption.clone()), ..TextChanges::default() };
    world.engine.fail_next("TransactWriteItems", 2, Fault::Conflict);
    assert_eq!(edit(&long).await.caption, draft.caption);
    let page = photo::get_page(table, &[draft.id], &mut TextBudget::of_page()).await.unwrap();
    assert_eq!(page[&draft.id].caption, draft.caption);

    // Texts that have become short return into their photo's item, and nothing is left beside it.
    let small = captioned(&world, 5, 2_200).await;
    assert!(texts_are_beside(&world, &small).await);
    let short =
        TextChanges { caption: Patch::present(Caption::parse("x").unwrap()), ..TextChanges::default() };
    photo::edit(table, small.id, small.author, &short, admitted()).await.unwrap().unwrap();
    assert!(!texts_are_beside(&world, &small).await);
    assert!(!exists(&world, ItemKey::PhotoTexts(small.id)).await);

    assert!(!photo::delete(table, draft.id, small.author).await.unwrap(), "not theirs");
    assert!(exists(&world, ItemKey::PhotoTexts(draft.id)).await);
    world.engine.fail_next("TransactWriteItems", 2, Fault::Conflict);
    assert!(photo::delete(table, draft.id, ann.user_id).await.unwrap());
    assert!(!exists(&world, ItemKey::Photo(draft.id)).await);
    assert!(!exists(&world, ItemKey::PhotoTexts(draft.id)).await);
    assert!(!photo::delete(table, draft.id, ann.user_id).await.unwrap(), "gone");
}

async fn exists(world: &World, key: ItemKey) -> bool {
    let key = key.raw();
    let text = aws_sdk_dynamodb::types::AttributeValue::S;
    let get = world.engine.client().get_item().table_name(world.engine.table_name());
    let get = get.key("pk", text(key.pk)).key("sk", text(key.sk)).consistent_read(true);
    get.send().await.unwrap().item.is_some()
}

#[tokio::test]
async fn edits_at_once_are_all_kept_though_they_move_the_texts() {
    let world = World::new().await;
    let photo = captioned(&world, 5, 10).await;
    let caption = Caption::parse(&"y".repeat(1_300)).unwrap();
    let names: Vec<String> = (10..23).map(|number| format!("{}{number}", "z".repeat(98))).collect();
    let tags = Tag::parse_all(names.iter().map(String::as_str)).unwrap();
    let changes = [
        TextChanges { caption: Patch::present(caption.clone()), ..TextChanges::default() },
        TextChanges { tags: Patch::Set(tags.clone()), ..TextChanges::default() },
    ];
    let edits =
        changes.iter().map(|changes| photo::edit(&world.table, photo.id, photo.author, changes, admitted()));
    for outcome in futures::future::join_all(edits).await {
        assert!(outcome.unwrap().is_some());
    }
    let whole = whole(&world.table, photo.id).await;
    assert_eq!((whole.caption, whole.tags), (caption, tags));
    assert!(texts_are_beside(&world, &photo).await, "each fits, and both together do not");
}

#[tokio::test]
async fn a_page_of_long_texts_ends_where_its_budget_does() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let mut ids = vec![world.post(&ann).await];
    for _ in 0..4 {
        ids.push(world.post_maximal(&ann).await.id);
    }
    ids.push(world.post(&ann).await);
    let mut texts = TextBudget::of_page();
    world.engine.reset_usage();
    let photos = photo::get_page(&world.table, &ids, &mut texts).await.unwrap();
    let usage = world.engine.usage();
    assert!(usage.round_trips == 2 && usage.read_units <= 0.5 * 6.0 + 16.0, "{usage:?}");
    let end = ids.iter().position(|id| texts.ends_before(*id)).unwrap();
    assert!((3..5).contains(&end), "{end}");
    assert!(ids[..end].iter().all(|id| photos.contains_key(id)));
    assert!(ids[1..end].iter().all(|id| photos[id].text_bytes() > 60_000));
}
