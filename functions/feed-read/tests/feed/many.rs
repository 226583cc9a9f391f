//! Readers who follow thousands: every page keeps its budget, whomever and however many they follow.

use std::collections::HashMap;

use api::Caller;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use domain::feed::FEED_LEN;
use domain::media::AddressSecret;
use domain::photo::{ContentType, Medium, Photo, State};
use domain::{Clock, PhotoId, Timestamp, UserId};
use serde_dynamo::aws_sdk_dynamodb_1::to_item;
use serde_json::Value;
use table::keys::ItemKey;

use crate::newest_first;
use crate::world::{World, ids};

const FOLLOWEES: u32 = 3_500;
/// Days between the photos of somebody quiet, in milliseconds.
const DAY: i64 = domain::clock::DAY_MS;

/// Somebody's followees with their photos, newest first.
struct Followees(Vec<(UserId, Vec<PhotoId>)>);

impl Followees {
    /// Creates followees, each with as many photos as `posted` gives moments before now.
    fn new(world: &World, posted: impl Fn(u32) -> Vec<i64>) -> Self {
        let now = world.clock.now();
        let id = |at: Timestamp, number: u32| PhotoId::floor(at).get() + u64::from(number);
        let followees = (0..FOLLOWEES).map(|number| {
            let user = UserId::try_from(id(now.plus_days(-300), number)).unwrap();
            let photos = posted(number)
                .into_iter()
                .map(|ago| PhotoId::try_from(id(Timestamp(now.0 - ago), number)).unwrap());
            (user, photos.collect())
        });
        Self(followees.collect())
    }

    /// Returns all their photos, newest first.
    fn photos(&self) -> Vec<PhotoId> {
        newest_first(&self.0.iter().flat_map(|(_, photos)| photos.clone()).collect::<Vec<_>>())
    }

    /// Stores that `reader` follows them, and their photos from the newest on. With `mode` they are
    /// celebrities, whose newest photo is not pushed yet.
    async fn store(&self, world: &World, reader: &Caller, shown: usize, mode: Option<&str>) {
        let shown: Vec<PhotoId> = self.photos().into_iter().take(shown).collect();
        let oldest = *shown.last().unwrap();
        let mut items = Vec::new();
        for (author, photos) in &self.0 {
            let edge = HashMap::from([("username".to_owned(), AttributeValue::S("reader".into()))]);
            let at = ("at".to_owned(), AttributeValue::N(world.clock.now().0.to_string()));
            items.push(keyed(
                &ItemKey::Following(reader.user_id, *author),
                edge.into_iter().chain([at]).collect(),
            ));
            items.push(keyed(&ItemKey::Head(*author), head(photos, mode)));
            for photo in photos.iter().filter(|photo| **photo >= oldest) {
                items.push(keyed(&ItemKey::Photo(*photo), to_item(ready(*photo, *author)).unwrap()));
            }
        }
        let batches = items.chunks(25).map(|batch| {
            let puts = batch.iter().map(|item| {
                let put = PutRequest::builder().set_item(Some(item.clone())).build().unwrap();
                WriteRequest::builder().put_request(put).build()
            });
            let write = world.engine.client().batch_write_item();
            write.request_items(world.engine.table_name(), puts.collect()).send()
        });
        for answer in futures::future::join_all(batches).await {
            assert!(answer.unwrap().unprocessed_items.is_none_or(|left| left.is_empty()));
        }
    }
}

fn keyed(key: &ItemKey, mut item: HashMap<String, AttributeValue>) -> HashMap<String, AttributeValue> {
    let key = key.raw();
    item.extend([("pk".to_owned(), AttributeValue::S(key.pk)), ("sk".to_owned(), AttributeValue::S(key.sk))]);
    item
}

fn head(photos: &[PhotoId], mode: Option<&str>) -> HashMap<String, AttributeValue> {
    let list = photos.iter().take(20).map(|photo| AttributeValue::S(photo.to_string())).collect();
    let mut head = HashMap::from([
        ("photos".to_owned(), AttributeValue::L(list)),
        ("complete".to_owned(), AttributeValue::Bool(photos.len() <= 20)),
        ("version".to_owned(), AttributeValue::N("1".into())),
    ]);
    if let Some(mode) = mode {
        head.insert("standing".to_owned(), AttributeValue::S(mode.into()));
        head.insert("unpushed".to_owned(), AttributeValue::Ss(vec![photos[0].to_string()]));
    }
    head
}

fn ready(id: PhotoId, author: UserId) -> Photo {
    Photo {
        id,
        author,
        author_name: "author".to_owned(),
        secret: AddressSecret::from(1),
        caption: None,
        place: None,
        tags: vec![],
        media: vec![Medium { content_type: ContentType::Jpeg, size: 1, alt: None, rendered: None }],
        state: State::Ready,
        pending: 0,
        failure: None,
        likes: 0,
        comments: 0,
    }
}

/// Reads a page by a process that has cached nothing, and holds its budget.
async fn page(world: &World, reader: &Caller, cursor: Option<&str>) -> Value {
    world.engine.reset_usage();
    let answer = world.get_from(&world.cold(), reader, 20, cursor).await;
    let usage = world.engine.usage();
    assert_eq!(answer.status, 200, "{}", answer.json);
    assert!(usage.read_units <= 60.0 && usage.round_trips <= 12, "{usage:?}");
    answer.json
}

/// Reads the page of a return, which looks at everyone.
async fn return_page(world: &World, reader: &Caller) -> Value {
    world.engine.reset_usage();
    let page = world.get(reader, 20, None).await.json;
    let usage = world.engine.usage();
    assert!(usage.read_units <= 0.6 * f64::from(FOLLOWEES) + 60.0, "{usage:?}");
    assert!(usage.round_trips <= 12, "{usage:?}");
    page
}

fn cursor(page: &Value) -> String {
    page["next_cursor"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn when_thousands_are_quiet_then_the_newest_200_show_and_the_feed_ends() {
    let world = World::new().await;
    let reader = world.person("reader").await;
    let followees = Followees::new(&world, |number| vec![DAY * (40 + i64::from(number) % 300)]);
    followees.store(&world, &reader, FEED_LEN, None).await;
    let truth = followees.photos();
    let mut page_now = return_page(&world, &reader).await;
    let mut seen = ids(&page_now);
    // The second page comes before the snapshot is taken.
    page_now = page(&world, &reader, Some(&cursor(&page_now))).await;
    seen.extend(ids(&page_now));
    world.rebuild(&reader).await;
    while page_now["has_more"] == true {
        page_now = page(&world, &reader, Some(&cursor(&page_now))).await;
        seen.extend(ids(&page_now));
    }
    assert_eq!(seen, truth[..FEED_LEN]);
    assert_eq!(page_now["caught_up"], true);
}

#[tokio::test]
async fn when_thousands_are_busy_then_deep_pages_cost_as_little_as_the_first() {
    let world = World::new().await;
    let reader = world.person("reader").await;
    // Three photos each in the last month.
    let followees = Followees::new(&world, |number| {
        (0..3).map(|photo| DAY * 9 * photo + 1_000 * (i64::from(number) * 7 % 5_000)).collect()
    });
    let deep = 1_000;
    followees.store(&world, &reader, deep + 60, None).await;
    let truth = followees.photos();
    let first = return_page(&world, &reader).await;
    assert_eq!(ids(&first), truth[..20]);
    let second = page(&world, &reader, Some(&cursor(&first))).await;
    assert_eq!(ids(&second), truth[20..40]);
    world.rebuild(&reader).await;
    let mut place = 20;
    for (cursor, to) in
        [(cursor(&first), 60), (domain::cursor::List::Feed.cursor(&truth[deep - 1]), deep + 40)]
    {
        place = if to > deep { deep } else { place };
        let mut cursor = Some(cursor);
        while place < to {
            let page = page(&world, &reader, cursor.as_deref()).await;
            assert_eq!(ids(&page), truth[place..place + 20]);
            place += 20;
            cursor = page["next_cursor"].as_str().map(str::to_owned);
        }
    }
}

#[tokio::test]
async fn when_thousands_are_celebrities_then_pages_cost_as_little() {
    let world = World::new().await;
    let reader = world.person("reader").await;
    let followees = Followees::new(&world, |number| {
        (0..3).map(|photo| DAY * 9 * photo + 1_000 * (i64::from(number) * 7 % 5_000)).collect()
    });
    followees.store(&world, &reader, 200, Some("celebrity")).await;
    let truth = followees.photos();
    let first = return_page(&world, &reader).await;
    assert_eq!(ids(&first), truth[..20]);
    world.rebuild(&reader).await;
    let mut seen = Vec::new();
    let mut next = None;
    for _ in 0..5 {
        let page = page(&world, &reader, next.as_deref()).await;
        seen.extend(ids(&page));
        next = Some(cursor(&page));
    }
    assert_eq!(seen, truth[..100]);
}
