//! Inboxes, with the real table engine behind them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

mod moving;

use std::time::Duration;

use api::Caller;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::cursor::List;
use domain::inbox::{Actor, Once, RowId, Subject};
use domain::media::AddressSecret;
use domain::photo::State;
use domain::visibility::Audience;
use domain::{Clock, CommentId, CommentPath, PhotoId, Timestamp, UserId};
use inbox::InboxHandler;
use serde_json::{Value, json};
use table::change::Change;
use table::follow::Follow;
use table::keys::{ItemKey, PK, SK};
use table::relations::Said;
use table::{Order, Table, inbox as rows};
use testkit::http::{Answer, Request, call, event};
use testkit::{Engine, Fault, ManualClock, OldSession, START, forged_token_for, token_for};

const LIST: &str = "GET /api/v1/notifications";
const READ: &str = "POST /api/v1/notifications/read";
const CDN: &str = "https://cdn.test";
const HOUR: Duration = Duration::from_hours(1);

struct World {
    engine: Engine,
    clock: ManualClock,
    table: Table,
    deps: InboxHandler,
    ada: Caller,
}

impl World {
    async fn new() -> Self {
        let (engine, clock) = (Engine::start().await, ManualClock::new());
        let table = Table::new(engine.client(), engine.table_name());
        let deps = InboxHandler::new(table.clone(), CDN, clock.shared());
        let ada = Caller {
            user_id: UserId::floor(START.plus_days(-200).plus_ms(-3_600_000)),
            username: "ada".to_owned(),
        };
        Self { engine, clock, table, deps, ada }
    }

    async fn call(&self, request: impl Into<Value>) -> Answer {
        call(&self.deps, &self.clock, request).await
    }

    /// Sends one of the event fixtures with a valid token of Ada's.
    async fn event(&self, case: &str) -> Value {
        let token = token_for(&self.ada, self.clock.now());
        let answer = self.call(event("inbox", case, &[("token", &token)])).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json
    }

    async fn page(&self, count: usize, cursor: Option<&str>) -> Value {
        let request = Request::to(LIST).query("count", count).by(&self.ada, &self.clock);
        let request = match cursor {
            Some(cursor) => request.query("cursor", cursor),
            None => request,
        };
        let answer = self.call(request).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json
    }

    /// Reads all pages of `count` rows; returns the ids of all rows, and the number of pages.
    async fn walk(&self, count: usize) -> (Vec<String>, usize) {
        let (mut ids, mut pages, mut cursor) = (Vec::new(), 0, None);
        loop {
            let page = self.page(count, cursor.as_deref()).await;
            ids.extend(
                page["notifications"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|row| row["id"].as_str().unwrap().to_owned()),
            );
            pages += 1;
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            assert_eq!(page["has_more"], cursor.is_some());
            if cursor.is_none() {
                return (ids, pages);
            }
        }
    }

    async fn happens(&self, subject: Subject, actor: u64, at: Timestamp) -> RowId {
        let id = RowId::of(subject, self.ada.user_id, at);
        let user_id = UserId::try_from(actor).unwrap();
        let actor = Actor { at, user_id, username: format!("user{actor}") };
        if let Some(photo) = subject.photo() {
            self.exists(photo).await;
        }
        // It is told at once.
        rows::align(&self.table, self.ada.user_id, Once::within(id), user_id, Some(&actor), at)
            .await
            .unwrap();
        id
    }

    /// Puts a photo of Ada's into the table, unless it is there.
    async fn exists(&self, photo: PhotoId) {
        let photo = testkit::maximal::draft(photo, AddressSecret::from(u128::from(photo.get())), &self.ada);
        table::photo::create(&self.table, &photo, None).await.unwrap();
    }

    /// Puts a photo of somebody else's into the table; ready, and for everyone or for their followers.
    async fn posted_by(&self, author: u64, private: bool) -> PhotoId {
        let author = Caller { user_id: UserId::try_from(author).unwrap(), username: "other".to_owned() };
        let id = PhotoId::floor(START.plus_ms(-7_200_000 - i64::from(private)));
        let mut photo = testkit::maximal::draft(id, AddressSecret::from(u128::from(id.get())), &author);
        photo.audience = Audience::of(private);
        photo.state = State::Ready;
        table::photo::create(&self.table, &photo, None).await.unwrap();
        id
    }

    /// Lets Ada follow somebody, and derives it. Counters need items that they are part of.
    async fn follow(&self, other: UserId) {
        for user in [self.ada.user_id, other] {
            let key = ItemKey::User(user).raw();
            let put = self.engine.client().put_item().table_name(self.engine.table_name());
            let put = put.item(PK, AttributeValue::S(key.pk)).item(SK, AttributeValue::S(key.sk));
            put.send().await.unwrap();
        }
        let edge = Follow { username: self.ada.username.clone(), at: START, accepted_at: None };
        assert!(table::follow::add(&self.table, self.ada.user_id, other, &edge).await.unwrap());
        let said = Change::Said(Said::Follow(self.ada.user_id, other, edge));
        table::apply(&self.table, [&said], Order::InOrder).await.unwrap();
    }

    async fn remove(&self, key: &ItemKey) {
        let key = key.raw();
        let delete = self.engine.client().delete_item().table_name(self.engine.table_name());
        delete.key(PK, AttributeValue::S(key.pk)).key(SK, AttributeValue::S(key.sk)).send().await.unwrap();
    }

    /// Creates one row for each number: likes of different photos, a minute apart. Returns them newest first.
    async fn likes(&self, numbers: std::ops::Range<i64>) -> Vec<String> {
        let mut ids = Vec::new();
        for number in numbers.rev() {
            let at = START.plus_ms(-number * 60_000);
            ids.push(self.happens(Subject::Like(PhotoId::floor(at)), 1, at).await.to_string());
        }
        ids.reverse();
        ids
    }
}

fn picture(user: u64) -> String {
    format!("{CDN}/photos/profile/small/{user}.jpg")
}

#[tokio::test]
async fn when_several_like_a_photo_then_it_is_one_row() {
    let world = World::new().await;
    let photo = PhotoId::floor(START.plus_ms(-10_000));
    for (actor, before) in [(1, 4000), (2, 3000), (3, 2000), (4, 1000)] {
        world.happens(Subject::Like(photo), actor, START.plus_ms(-before)).await;
    }
    let page = world.event("first-page").await;
    let expected = json!({
        "notifications": [{
            "id": format!("{:013}-like-{photo}", photo.created_at().0),
            "type": "like",
            "actors": [
                { "user_id": "4", "username": "user4", "profile_pic": picture(4) },
                { "user_id": "3", "username": "user3", "profile_pic": picture(3) },
                { "user_id": "2", "username": "user2", "profile_pic": picture(2) },
            ],
            "actor_count": 4,
            "photo_id": photo,
            "photo_thumbnail": format!("{CDN}/photos/small/{:032x}/0.jpg", photo.get()),
            "message": "user4 and 3 others liked your photo",
            // It was told of the first, and the others came within the minute after that.
            "created_at": "2026-11-22T11:59:56.000Z",
            "read": false,
        }],
        "unread_count": 1,
        "next_cursor": null,
        "has_more": false,
    });
    assert_eq!(page, expected);
}

#[tokio::test]
async fn when_an_inbox_is_read_then_nothing_is_unread_until_something_happens() {
    let world = World::new().await;
    world.happens(Subject::Follow, 1, START.plus_ms(-5000)).await;
    world.likes(1..4).await;
    assert_eq!(world.event("first-page").await["unread_count"], 4);
    assert_eq!(world.event("mark-read").await, json!({ "unread_count": 0 }));
    assert_eq!(world.event("mark-read").await, json!({ "unread_count": 0 }));
    let page = world.event("first-page").await;
    assert_eq!(page["unread_count"], 0);
    assert!(page["notifications"].as_array().unwrap().iter().all(|row| row["read"] == true));

    world.clock.advance(HOUR);
    // One more event arrives in a row that was read.
    world.happens(Subject::Follow, 2, world.clock.now()).await;
    let page = world.event("first-page").await;
    assert_eq!(page["unread_count"], 1);
    let unread: Vec<&Value> =
        page["notifications"].as_array().unwrap().iter().filter(|row| row["read"] == false).collect();
    assert_eq!((unread.len(), &unread[0]["message"]), (1, &json!("user2 and 1 other started following you")));
    assert!(unread[0].get("photo_id").is_none() && unread[0]["photo_thumbnail"].is_null());
    assert_eq!(unread[0]["actors"][1]["profile_pic"], picture(1));
}

#[tokio::test]
async fn when_an_inbox_is_paged_then_each_row_is_there_once_newest_first() {
    let world = World::new().await;
    let ids = world.likes(1..46).await;
    assert_eq!(world.walk(20).await, (ids.clone(), 3));
    assert_eq!(world.walk(45).await, (ids.clone(), 1), "a full page is not taken for one of many");
    // An event that arrives meanwhile does not shift the pages.
    let first = world.page(20, None).await;
    world.happens(Subject::Follow, 9, world.clock.now()).await;
    let second = world.page(20, first["next_cursor"].as_str()).await;
    assert_eq!(second["notifications"][0]["id"], json!(ids[20]));
}

#[tokio::test]
async fn when_the_row_of_a_cursor_is_gone_then_the_list_resumes_after_it() {
    let world = World::new().await;
    let ids = world.likes(1..6).await;
    let first = world.page(2, None).await;
    let place = START.plus_ms(-2 * 60_000);
    world.remove(&ItemKey::InboxRow(world.ada.user_id, place, ids[1].parse().unwrap())).await;
    let second = world.page(2, first["next_cursor"].as_str()).await;
    let shown: Vec<&str> =
        second["notifications"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(shown, [&ids[2], &ids[3]]);
}

#[tokio::test]
async fn when_rows_have_expired_then_they_are_not_shown_and_the_page_is_full() {
    let world = World::new().await;
    for number in (0..5).rev() {
        let at = START.plus_ms(-3_600_000 - number);
        world.happens(Subject::Like(PhotoId::floor(at)), 1, at).await;
    }
    let old = world.happens(Subject::Like(PhotoId::floor(START.plus_days(-1))), 1, START.plus_ms(-10)).await;
    assert_eq!(world.walk(2).await.0.len(), 6);
    assert_eq!(world.page(2, None).await["unread_count"], 6);
    world.clock.set(START.plus_days(90).plus_ms(-1_800_000));
    let page = world.page(2, None).await;
    assert_eq!(page["notifications"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&page["notifications"][0]["id"], &page["has_more"]),
        (&json!(old.to_string()), &json!(false))
    );
    assert_eq!(page["unread_count"], 1);
    // They are counted again once, and then the number is known.
    world.engine.reset_usage();
    assert_eq!(world.page(2, None).await["unread_count"], 1);
    assert_eq!(world.engine.usage().writes(), 0);
    world.clock.advance_days(1);
    assert_eq!(world.walk(2).await, (vec![], 1));
    assert_eq!(world.page(2, None).await["unread_count"], 0);
}

#[tokio::test]
async fn when_a_photo_is_gone_then_its_row_is_neither_shown_nor_counted() {
    let world = World::new().await;
    let ids = world.likes(1..6).await;
    let row: RowId = ids[1].parse().unwrap();
    let Subject::Like(photo) = row.subject else { panic!("{row}") };
    world.remove(&ItemKey::Photo(photo)).await;
    let page = world.page(3, None).await;
    let shown: Vec<&Value> = page["notifications"].as_array().unwrap().iter().map(|row| &row["id"]).collect();
    assert_eq!(shown, [&json!(ids[0]), &json!(ids[2])]);
    assert_eq!((&page["unread_count"], &page["has_more"]), (&json!(4), &json!(true)));
    let (all, _) = world.walk(3).await;
    assert_eq!(all, [&ids[0], &ids[2], &ids[3], &ids[4]].map(Clone::clone));
}

#[tokio::test]
async fn when_different_things_happen_then_each_row_says_what_it_is_about() {
    let world = World::new().await;
    let photo = PhotoId::floor(START.plus_ms(-3_600_000));
    let comment = CommentPath::new(photo, CommentId::floor(START.plus_ms(-3_000_000)));
    let reply = comment.reply(CommentId::floor(START.plus_ms(-2_000_000)));
    let kinds = [
        (Subject::Like(photo), "like", "user1 liked your photo", None),
        (Subject::Comment(photo), "comment", "user1 commented on your photo", None),
        (Subject::Reply(comment), "reply", "user1 replied to your comment", Some(comment)),
        (Subject::Mention(reply), "mention", "user1 mentioned you in a comment", Some(reply)),
        (Subject::CommentLike(reply), "comment_like", "user1 liked your comment", Some(reply)),
        (Subject::Follow, "follow", "user1 started following you", None),
        (Subject::Request, "request", "user1 asked to follow you", None),
        (Subject::Acceptance, "acceptance", "user1 accepted your request to follow them", None),
        (Subject::Session(START), "session", "New login to your account", None),
        (Subject::Password(START), "password", "Your password was changed", None),
        (Subject::Post(photo), "post", "user1 shared a photo", None),
    ];
    for (number, (subject, ..)) in (1_i64..).zip(kinds).collect::<Vec<_>>().into_iter().rev() {
        world.happens(subject, 1, START.plus_ms(-number * 1_000)).await;
    }
    let page = world.event("first-page").await;
    let rows = page["notifications"].as_array().unwrap();
    assert_eq!((rows.len(), &page["unread_count"]), (11, &json!(11)));
    for (row, (subject, kind, message, about)) in rows.iter().zip(kinds) {
        assert_eq!((&row["type"], &row["message"]), (&json!(kind), &json!(message)));
        assert_eq!(row.get("comment_id"), about.map(|path| json!(path.name())).as_ref());
        let shown = subject.photo().map(|photo| json!(photo));
        assert_eq!(row.get("photo_id"), shown.as_ref());
        assert_eq!(row["photo_thumbnail"].is_string(), shown.is_some());
    }
    assert_eq!(world.walk(3).await.0.len(), 11);
    // The photo takes its rows along.
    world.remove(&ItemKey::Photo(photo)).await;
    let page = world.event("first-page").await;
    assert_eq!((page["notifications"].as_array().unwrap().len(), &page["unread_count"]), (5, &json!(5)));
}

#[tokio::test]
async fn when_the_recipient_sees_a_photo_no_more_then_no_row_shows_it() {
    let world = World::new().await;
    let (ada, other) = (world.ada.user_id, UserId::try_from(7).unwrap());
    for private in [false, true] {
        let photo = world.posted_by(7, private).await;
        let path = CommentPath::new(photo, CommentId::floor(START.plus_ms(-3_600_000)));
        world.happens(Subject::Mention(path), 1, path.written_at()).await;
        world.happens(Subject::CommentLike(path), 1, START.plus_ms(-1_000)).await;
    }
    let counts = async || {
        let page = world.event("first-page").await;
        (page["notifications"].as_array().unwrap().len(), page["unread_count"].as_u64().unwrap())
    };
    // The account is private, and so is what was posted before it was.
    assert_eq!(counts().await, (0, 0));
    world.follow(other).await;
    assert_eq!(counts().await, (4, 4));
    world.engine.reset_usage();
    counts().await;
    let usage = world.engine.usage();
    assert_eq!((usage.requests, usage.round_trips), (5, 2), "{usage:?}");
    table::pair::block(&world.table, other, ada, table::pair::Ended::default(), START).await.unwrap();
    table::circle::renew(&world.table, other, ada).await.unwrap();
    assert_eq!(counts().await, (0, 0));
}

#[tokio::test]
async fn when_the_inbox_is_read_up_to_a_moment_then_what_came_later_stays_unread() {
    let world = World::new().await;
    for (actor, at) in [(1, START.plus_ms(-2_000)), (2, START.plus_ms(-1_000))] {
        world.happens(Subject::Like(PhotoId::floor(START.plus_days(-actor))), 1, at).await;
    }
    let read = async |up_to: &str| {
        let request = Request::to(READ).json(&json!({ "up_to": up_to })).by(&world.ada, &world.clock);
        world.call(request).await
    };
    for bad in ["", "yesterday", "2026-11-22"] {
        let answer = read(bad).await;
        assert_eq!((answer.status, answer.code()), (400, "bad_up_to"), "{bad}");
    }
    let older = START.plus_ms(-2_000).to_string();
    assert_eq!(read(&older).await.json["unread_count"], 1);
    let page = world.event("first-page").await;
    let states: Vec<bool> =
        page["notifications"].as_array().unwrap().iter().map(|row| row["read"] == true).collect();
    assert_eq!((&page["unread_count"], states), (&json!(1), vec![false, true]));
    // The mark never moves back, and never beyond what was told.
    assert_eq!(read(&START.plus_days(9).to_string()).await.json["unread_count"], 0);
    assert_eq!(read(&older).await.json["unread_count"], 0);
    let state = rows::state_latest(&world.table, world.ada.user_id).await.unwrap();
    assert_eq!(state.read_to, START.plus_ms(-1_000));
}

#[tokio::test]
async fn when_two_users_ask_then_each_sees_their_own_inbox() {
    let world = World::new().await;
    world.likes(1..4).await;
    let bob = Caller { user_id: UserId::try_from(5).unwrap(), username: "bob".to_owned() };
    let answer = world.call(Request::to(LIST).by(&bob, &world.clock)).await;
    let nothing = json!({ "notifications": [], "unread_count": 0, "next_cursor": null, "has_more": false });
    assert_eq!(answer.json, nothing);
    world.call(Request::to(READ).by(&bob, &world.clock)).await;
    assert_eq!(world.event("first-page").await["unread_count"], 3);
}

#[tokio::test]
async fn when_a_request_is_wrong_then_its_code_says_so_and_nothing_is_read() {
    let world = World::new().await;
    let now = world.clock.now();
    let expired = token_for(&world.ada, now.plus_ms(-900_000));
    for route in [LIST, READ] {
        for (token, code) in [
            (None, "token_missing"),
            (Some(expired.clone()), "token_expired"),
            (Some(forged_token_for(&world.ada, now)), "token_invalid"),
        ] {
            let request = Request::to(route);
            let request = token.iter().fold(request, |request, token| request.token(token));
            let answer = world.call(request).await;
            assert_eq!((answer.status, answer.code()), (401, code), "{route}");
        }
    }
    let feed_cursor = List::Followers.cursor(&world.ada.user_id);
    for (name, value, code) in [
        ("count", "0", "bad_count"),
        ("count", "51", "bad_count"),
        ("count", "x", "bad_count"),
        ("count", "+5", "bad_count"),
        ("count", "05", "bad_count"),
        ("cursor", List::Inbox.cursor(&"0000000000005-like-07").as_str(), "bad_cursor"),
        ("cursor", "x", "bad_cursor"),
        ("cursor", "", "bad_cursor"),
        ("cursor", feed_cursor.as_str(), "bad_cursor"),
    ] {
        let answer = world.call(Request::to(LIST).query(name, value).by(&world.ada, &world.clock)).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{name}={value}");
    }
    let other = Request::to("DELETE /api/v1/notifications").by(&world.ada, &world.clock);
    assert_eq!(world.call(other).await.code(), "route_not_found");
    assert_eq!(world.engine.usage().requests, 0);
}

#[tokio::test]
async fn when_the_table_throttles_then_the_client_is_asked_to_retry() {
    let world = World::new().await;
    world.likes(1..2).await;
    // A page gets two items beside each other.
    for (operation, route, calls) in [("Query", LIST, 1), ("GetItem", LIST, 2), ("PutItem", READ, 1)] {
        world.engine.fail_next(operation, calls * testkit::ATTEMPTS, Fault::Throttled);
        let answer = world.call(Request::to(route).by(&world.ada, &world.clock)).await;
        assert_eq!((answer.status, answer.code()), (503, "temporarily_unavailable"), "{operation}");
    }
}

#[tokio::test]
async fn when_a_full_page_is_read_then_it_is_two_round_trips() {
    let world = World::new().await;
    world.likes(1..40).await;
    world.engine.reset_usage();
    world.event("first-page").await;
    let usage = world.engine.usage();
    assert_eq!((usage.requests, usage.round_trips), (4, 2), "{usage:?}");
    // The photos of twenty rows are half a unit each.
    assert!(usage.read_units <= 13.0, "{usage:?}");
    world.engine.reset_usage();
    world.event("mark-read").await;
    let usage = world.engine.usage();
    assert_eq!((usage.requests, usage.round_trips), (2, 2), "{usage:?}");
    assert!(usage.write_units <= 1.0 && usage.read_units <= 1.0, "{usage:?}");
}

#[tokio::test]
async fn when_the_session_has_ended_or_is_not_known_then_nothing_is_marked() {
    let world = World::new().await;
    world.likes(1..3).await;
    let session = OldSession::open(&world.table, &world.clock, &world.ada).await;
    let mark = || world.call(event("inbox", "mark-read", &[("token", &session.token)]));
    // The session is read by it, and how far was read.
    world.engine.fail_next("GetItem", 2 * testkit::ATTEMPTS, Fault::Throttled);
    let answer = mark().await;
    assert_eq!((answer.status, answer.code()), (503, "temporarily_unavailable"));
    session.end(&world.table).await;
    let answer = mark().await;
    assert_eq!((answer.status, answer.code()), (401, "session_ended"));
    assert_eq!(world.page(20, None).await["unread_count"], 2);
}

#[tokio::test]
async fn when_an_inbox_is_marked_then_its_session_is_read_beside_its_state() {
    let world = World::new().await;
    world.likes(1..3).await;
    let session = OldSession::open(&world.table, &world.clock, &world.ada).await;
    world.engine.reset_usage();
    assert_eq!(world.call(event("inbox", "mark-read", &[("token", &session.token)])).await.status, 200);
    let usage = world.engine.usage();
    assert_eq!((usage.requests, usage.round_trips), (3, 2), "{usage:?}");
    assert!(usage.write_units <= 1.0 && usage.read_units <= 1.5, "{usage:?}");
}

#[tokio::test]
async fn when_a_block_hides_an_actor_then_no_row_names_them() {
    let world = World::new().await;
    let (ada, now) = (world.ada.user_id, world.clock.now());
    let actors: Vec<UserId> = (1..=2).map(|number| UserId::try_from(number).unwrap()).collect();
    for (index, actor) in actors.iter().enumerate() {
        let at = now.plus_ms(i64::try_from(index).unwrap());
        let edge = Actor { at, user_id: *actor, username: format!("actor{actor}") };
        let once = Once::Ever(Subject::Follow);
        rows::align(&world.table, ada, once, *actor, Some(&edge), at).await.unwrap();
    }
    world.clock.advance(HOUR);
    let row = async || world.call(Request::to(LIST).by(&world.ada, &world.clock)).await.json;
    assert_eq!(row().await["notifications"][0]["message"], "actor2 and 1 other started following you");
    let block = async |actor: UserId| {
        table::pair::block(&world.table, actor, ada, table::pair::Ended::default(), now).await.unwrap();
        table::circle::renew(&world.table, actor, ada).await.unwrap();
    };
    block(actors[1]).await;
    let page = row().await;
    assert_eq!(page["notifications"][0]["message"], "actor1 started following you");
    assert_eq!((&page["notifications"][0]["actor_count"], &page["unread_count"]), (&json!(1), &json!(1)));
    block(actors[0]).await;
    let page = row().await;
    assert_eq!((&page["notifications"], &page["unread_count"]), (&json!([]), &json!(0)));
}
