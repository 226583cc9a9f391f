//! What is stored, and what the photo says then.

use domain::media::{Encoding, Size};
use domain::photo::State;

use crate::pictures::jpeg;
use crate::world::{PHOTOS, UPLOADS, World, batch, created, medium, notified, sha256};

#[tokio::test]
async fn when_the_only_picture_is_uploaded_then_everything_is_stored_and_the_photo_is_ready() {
    let world = World::new().await;
    let photo = world.photo(1).await;
    let id = medium(&photo, 0);
    let file = jpeg(1600, 1200, 6, 90);
    world.done(world.upload(id, file.clone())).await;

    let ready = world.stored(&photo).await;
    assert_eq!((ready.state, ready.pending), (State::Ready, 0));
    let facts = ready.media[0].rendered.as_ref().unwrap();
    assert_eq!((facts.width, facts.height), (1200, 1600), "as shown, the camera having been turned");
    assert_eq!(facts.sha256, sha256(&file));
    assert!(!facts.blurhash.is_empty());

    let mut expected: Vec<String> = photo.address(0).keys().chain([id.original_key()]).collect();
    expected.sort_unstable();
    assert_eq!(world.objects.keys(PHOTOS), expected);
    for size in Size::ALL {
        for encoding in Encoding::ALL {
            let object = world.objects.get(PHOTOS, &photo.address(0).key(size, encoding)).unwrap();
            assert_eq!(object.content_type.as_deref(), Some(encoding.content_type()));
            assert_eq!(object.cache_control.as_deref(), Some("public, max-age=86400, immutable"));
            assert_eq!(object.storage_class, None);
            let magic: &[u8] = if encoding == Encoding::Jpeg { &[0xFF, 0xD8, 0xFF] } else { b"RIFF" };
            assert!(object.bytes.starts_with(magic));
            assert!(!object.bytes.windows(4).any(|window| window == b"Exif"));
        }
    }
    let original = world.objects.get(PHOTOS, &id.original_key()).unwrap();
    assert_eq!(original.bytes, file, "untouched");
    assert_eq!(
        (original.content_type.as_deref(), original.storage_class.as_deref()),
        (Some("image/jpeg"), Some("STANDARD_IA"))
    );
    assert_eq!(original.metadata["sha256"], sha256(&file));
    assert!(world.objects.keys(UPLOADS).is_empty());
}

#[tokio::test]
async fn when_a_carousel_is_uploaded_in_any_order_then_the_last_makes_it_ready_and_order_and_alts_stay() {
    let world = World::new().await;
    let photo = world.photo(3).await;
    for (index, orientation) in [(2, 8), (0, 1)] {
        world.done(world.upload(medium(&photo, index), jpeg(90, 60, orientation, 10))).await;
        assert_eq!(world.stored(&photo).await.state, State::Processing);
    }
    assert!(world.transitions().await.is_empty());
    world.done(world.upload(medium(&photo, 1), jpeg(90, 60, 6, 10))).await;
    assert_eq!(world.transitions().await, [("processing".to_owned(), "ready".to_owned())]);
    let ready = world.stored(&photo).await;
    let media: Vec<_> = ready
        .media
        .iter()
        .map(|medium| {
            let facts = medium.rendered.as_ref().unwrap();
            (medium.alt.as_ref().unwrap().as_str(), facts.width, facts.height)
        })
        .collect();
    assert_eq!(media, [("picture 0", 90, 60), ("picture 1", 60, 90), ("picture 2", 60, 90)]);
    assert_eq!(world.objects.keys(PHOTOS).len(), 21);
}

#[tokio::test]
async fn when_the_bytes_are_of_another_type_than_declared_then_the_bytes_decide() {
    let world = World::new().await;
    let photo = world.photo(1).await;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 8, 8);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&[70; 8 * 8 * 3]).unwrap();
    world.done(world.upload(medium(&photo, 0), file)).await;
    assert_eq!(world.stored(&photo).await.state, State::Ready);
    let original = world.objects.get(PHOTOS, &medium(&photo, 0).original_key()).unwrap();
    assert_eq!(original.content_type.as_deref(), Some("image/png"), "declared was image/jpeg");
}

#[tokio::test]
async fn when_a_key_comes_encoded_then_it_is_decoded() {
    let world = World::new().await;
    let photo = world.photo(1).await;
    let id = medium(&photo, 0);
    world.upload(id, jpeg(40, 30, 1, 0));
    world.done(created(&id.upload_key().replace('/', "%2F").replacen("incoming", "%69ncoming", 1))).await;
    assert_eq!(world.stored(&photo).await.state, State::Ready);
}

#[tokio::test]
async fn when_a_message_is_poison_then_it_fails_and_its_neighbours_do_not() {
    let world = World::new().await;
    let (first, last) = (world.photo(1).await, world.photo(1).await);
    let poison = [
        created("incoming/1/2"),
        created("incoming/1/2/x+y%20z"),
        created("photos/large/1/2/0.jpg"),
        notified("ObjectCreated:Put", PHOTOS, "incoming/1/2/0"),
    ];
    let mut events = vec![world.upload(medium(&first, 0), jpeg(40, 30, 1, 0))];
    events.extend(poison);
    let mut garbled = created("incoming/1/2/0");
    garbled.records[0].body = Some("{}".to_owned());
    garbled.records[0].message_id = Some("garbled".to_owned());
    events.push(garbled);
    events.push(world.upload(medium(&last, 0), jpeg(40, 30, 1, 0)));
    let failed = world.run(batch(events)).await;
    assert_eq!(failed.len(), 5, "{failed:?}");
    for photo in [&first, &last] {
        assert_eq!(world.stored(photo).await.state, State::Ready);
        assert!(!failed.iter().any(|id| id.contains(&photo.id.to_string())));
    }
}

#[tokio::test]
async fn when_s3_tells_of_a_deletion_then_nothing_happens() {
    let world = World::new().await;
    let photo = world.photo(1).await;
    world.upload(medium(&photo, 0), jpeg(40, 30, 1, 0));
    world.engine.reset_usage();
    world.done(notified("ObjectRemoved:Delete", UPLOADS, &medium(&photo, 0).upload_key())).await;
    assert_eq!(world.engine.usage().requests, 0);
    assert_eq!(world.objects.keys(UPLOADS).len(), 1);
}

#[tokio::test]
async fn when_a_picture_is_uploaded_then_reads_and_writes_are_within_budget() {
    let world = World::new().await;
    let photo = world.photo(3).await;
    // New bytes, and bytes that the author has uploaded before. Of those the second original is taken back.
    for (index, puts, copies, deletes) in [(0, 7, 0, 1), (1, 1, 6, 2)] {
        world.engine.reset_usage();
        let asked_of_s3 = || {
            ["GetObject", "HeadObject", "PutObject", "CopyObject", "DeleteObject"]
                .map(|operation| world.objects.requests_of(operation))
        };
        let before = asked_of_s3();
        world.done(world.upload(medium(&photo, index), jpeg(40, 30, 1, 0))).await;
        let mut asked = asked_of_s3();
        asked.iter_mut().zip(before).for_each(|(now, before)| *now -= before);
        assert_eq!(asked, [1, 0, puts, copies, deletes]);
        let usage = world.engine.usage();
        assert_eq!((usage.requests_of("GetItem"), usage.requests_of("Query")), (3, 1));
        assert_eq!((usage.requests_of("UpdateItem"), usage.requests_of("TransactWriteItems")), (1, 1));
        assert_eq!(usage.requests, 6);
        assert!(
            usage.round_trips <= 5,
            "the photo; original and timeline side by side; the note; the photo again; the record"
        );
        assert!(usage.read_units <= 3.0 && usage.write_units <= 5.0, "{usage:?}");
    }
}
