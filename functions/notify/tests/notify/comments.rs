//! Comments, replies, mentions and likes of comments.

use api::Caller;
use domain::inbox::{Row, RowId, Subject};
use domain::{Clock, CommentPath, PhotoId};
use messages::Event;
use runtime::sqs::answer;
use table::comment;
use testkit::{Fault, World, sqs_event};

use crate::{deliver, handler, happened, inbox, orders, read_all, sentences, settle, sorted, unread};

/// A photo of Ann's, and others who talk about it.
struct Talk {
    world: World,
    ann: Caller,
    bob: Caller,
    cid: Caller,
    photo: PhotoId,
}

impl Talk {
    async fn new() -> Self {
        let world = World::new().await;
        let (ann, bob, cid) =
            (world.person("ann").await, world.person("bob").await, world.person("cid").await);
        let photo = world.post(&ann).await;
        world.derive().await;
        Self { world, ann, bob, cid, photo }
    }

    async fn comment(&self, who: &Caller, told: &[&Caller]) -> CommentPath {
        self.world.say(who, &self.ann, self.photo, None, told).await
    }

    async fn reply(&self, who: &Caller, to: CommentPath, of: &Caller, told: &[&Caller]) -> CommentPath {
        self.world.say(who, &self.ann, self.photo, Some((to, Some(of))), told).await
    }

    async fn told(&self, who: &Caller) -> Vec<String> {
        sentences(&self.world, who).await
    }

    async fn inboxes(&self) -> Vec<Vec<(RowId, Row)>> {
        let mut inboxes = Vec::new();
        for who in [&self.ann, &self.bob, &self.cid] {
            inboxes.push(sorted(&self.world, who).await);
        }
        inboxes
    }

    async fn assert_nobody_is_told(&self) {
        for (who, rows) in [&self.ann, &self.bob, &self.cid].into_iter().zip(self.inboxes().await) {
            assert_eq!((rows.len(), unread(&self.world, who).await), (0, 0), "{}: {rows:?}", who.username);
        }
    }
}

#[tokio::test]
async fn when_people_talk_then_each_is_told_what_concerns_them() {
    let talk = Talk::new().await;
    let Talk { world, ann, bob, cid, .. } = &talk;
    let path = talk.comment(bob, &[]).await;
    settle(world).await;
    assert_eq!(talk.told(ann).await, ["bob commented on your photo"]);
    let reply = talk.reply(cid, path, bob, &[]).await;
    settle(world).await;
    assert_eq!(talk.told(bob).await, ["cid replied to your comment"]);
    // A reply to a reply is for whom it answers, and neither for the comment's writer nor for the photo's author.
    talk.reply(ann, reply, cid, &[]).await;
    settle(world).await;
    assert_eq!(talk.told(cid).await, ["ann replied to your comment"]);
    let mentioning = talk.comment(cid, &[bob]).await;
    world.like_comment(ann, ann, cid, mentioning).await;
    world.like_comment(bob, ann, cid, reply).await;
    settle(world).await;
    let about = async |who| inbox(world, who).await.into_iter().map(|(id, _)| id.subject).collect::<Vec<_>>();
    assert_eq!(talk.told(ann).await, ["cid and 1 other commented on your photo"]);
    assert_eq!(about(ann).await, [Subject::Comment(talk.photo)]);
    assert_eq!(talk.told(bob).await, ["cid mentioned you in a comment", "cid replied to your comment"]);
    assert_eq!(about(bob).await, [Subject::Mention(mentioning), Subject::Reply(path)]);
    let own = ["bob liked your comment", "ann liked your comment", "ann replied to your comment"];
    assert_eq!(talk.told(cid).await, own);
    assert_eq!(
        about(cid).await,
        [Subject::CommentLike(reply), Subject::CommentLike(mentioning), Subject::Reply(path)]
    );
}

#[tokio::test]
async fn when_a_comment_concerns_somebody_twice_then_they_are_told_once() {
    let talk = Talk::new().await;
    let Talk { world, ann, bob, cid, .. } = &talk;
    let path = talk.comment(bob, &[ann]).await;
    talk.reply(cid, path, bob, &[bob, ann]).await;
    let own = talk.comment(ann, &[]).await;
    talk.reply(cid, own, ann, &[]).await;
    for events in orders(&happened(world).await[..5]).into_iter().step_by(7) {
        assert!(deliver(world, &events).await.is_empty());
    }
    settle(world).await;
    let mentions = |sentences: &[String]| sentences.iter().filter(|text| text.contains("mentioned")).count();
    let told = talk.told(ann).await;
    // By Bob, by Cid; and Cid's second reply answers her.
    assert_eq!((told.len(), mentions(&told)), (2, 2), "{told:?}");
    assert_eq!(talk.told(bob).await, ["cid mentioned you in a comment"]);
}

#[tokio::test]
async fn when_messages_come_twice_and_in_any_order_then_the_inboxes_are_the_same() {
    let mut inboxes = Vec::new();
    for reverse in [false, true] {
        let talk = Talk::new().await;
        let Talk { world, ann, bob, cid, .. } = &talk;
        let path = talk.comment(bob, &[cid]).await;
        let gone = talk.comment(cid, &[bob]).await;
        world.derive().await;
        talk.reply(cid, path, bob, &[ann]).await;
        let mut events = happened(world).await;
        world.like_comment(cid, ann, bob, path).await;
        world.like_comment(bob, ann, cid, gone).await;
        events.extend(happened(world).await);
        world.unlike_comment(bob, gone).await;
        world.uncomment(cid, gone).await;
        events.extend(happened(world).await);
        if reverse {
            events.reverse();
        }
        for _ in 0..2 {
            assert!(deliver(world, &events).await.is_empty());
        }
        inboxes.push(talk.inboxes().await);
    }
    assert_eq!(inboxes[0], inboxes[1]);
    assert!(inboxes[0].iter().map(Vec::len).eq([1, 2, 0]), "{inboxes:?}");
}

#[tokio::test]
async fn when_somebody_comments_again_then_it_is_new_on_another_day() {
    let talk = Talk::new().await;
    let Talk { world, ann, bob, .. } = &talk;
    let first = talk.comment(bob, &[]).await;
    settle(world).await;
    let told = inbox(world, ann).await;
    read_all(world, ann).await;
    let second = talk.comment(bob, &[]).await;
    settle(world).await;
    // Nor when the first of them goes.
    world.uncomment(bob, first).await;
    settle(world).await;
    assert_eq!((inbox(world, ann).await, unread(world, ann).await), (told, 0));
    world.clock.advance_days(7);
    let third = talk.comment(bob, &[]).await;
    settle(world).await;
    let sentence = "bob commented on your photo".to_owned();
    assert_eq!((talk.told(ann).await, unread(world, ann).await), (vec![sentence.clone(); 2], 1));
    for (path, left) in [(second, 1), (third, 0)] {
        world.uncomment(bob, path).await;
        settle(world).await;
        assert_eq!(talk.told(ann).await, vec![sentence.clone(); left]);
    }
    // The same holds of replies, by whom there are more than are read at once.
    let own = talk.comment(ann, &[]).await;
    let replies = [
        talk.reply(bob, own, ann, &[]).await,
        talk.reply(bob, own, ann, &[ann]).await,
        talk.reply(bob, own, ann, &[ann]).await,
    ];
    for _ in 0..12 {
        talk.reply(bob, own, bob, &[]).await;
    }
    settle(world).await;
    assert_eq!(talk.told(ann).await.len(), 3);
    for (path, left) in replies.into_iter().zip([2, 1, 0]) {
        world.uncomment(bob, path).await;
        settle(world).await;
        assert_eq!(talk.told(ann).await.len(), left);
    }
}

#[tokio::test]
async fn when_a_comment_goes_then_all_that_it_told_goes() {
    for by_author in [false, true] {
        let talk = Talk::new().await;
        let Talk { world, ann, bob, cid, photo } = &talk;
        let path = talk.comment(bob, &[cid]).await;
        settle(world).await;
        let reply = talk.reply(cid, path, bob, &[ann]).await;
        world.like_comment(cid, ann, bob, path).await;
        settle(world).await;
        world.clock.advance_days(3);
        world.like_comment(ann, ann, bob, path).await;
        world.like_comment(bob, ann, cid, reply).await;
        settle(world).await;
        assert_eq!(talk.inboxes().await.iter().map(Vec::len).collect::<Vec<_>>(), [2, 3, 2]);
        if by_author {
            world.remove_comment(ann, bob, path).await;
        } else {
            world.uncomment(bob, path).await;
        }
        settle(world).await;
        // What `backfill` does: the likes and the replies go along.
        comment::forget_likes_of_some(&world.table, path).await.unwrap();
        comment::forget_replies(&world.table, path, None).await.unwrap();
        settle(world).await;
        talk.assert_nobody_is_told().await;
        // Late messages change nothing.
        let like = Event::CommentLikeAdded {
            comment: path,
            author_id: ann.user_id,
            writer_id: bob.user_id,
            user_id: cid.user_id,
            username: cid.username.clone(),
            at: world.clock.now(),
        };
        world.like_comment(cid, ann, bob, path).await;
        assert!(deliver(world, &[like]).await.is_empty());
        talk.assert_nobody_is_told().await;
        assert!(table::photo::get(&world.table, *photo).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn when_a_like_of_a_comment_is_taken_back_then_its_row_is_gone() {
    let talk = Talk::new().await;
    let Talk { world, ann, bob, cid, .. } = &talk;
    let path = talk.comment(bob, &[]).await;
    settle(world).await;
    for who in [ann, cid] {
        world.like_comment(who, ann, bob, path).await;
    }
    // One's own like is no news.
    world.like_comment(bob, ann, bob, path).await;
    settle(world).await;
    assert_eq!(talk.told(bob).await, ["cid and 1 other liked your comment"]);
    world.unlike_comment(cid, path).await;
    settle(world).await;
    assert_eq!(talk.told(bob).await, ["ann liked your comment"]);
    world.unlike_comment(ann, path).await;
    settle(world).await;
    assert!(inbox(world, bob).await.is_empty());
}

#[tokio::test]
async fn when_the_photo_is_deleted_then_all_that_was_said_under_it_goes() {
    let talk = Talk::new().await;
    let Talk { world, ann, bob, cid, photo } = &talk;
    let path = talk.comment(bob, &[cid]).await;
    settle(world).await;
    talk.reply(cid, path, bob, &[]).await;
    world.like_comment(ann, ann, bob, path).await;
    world.like(bob, ann, *photo).await;
    settle(world).await;
    world.clock.advance_days(2);
    talk.comment(cid, &[]).await;
    settle(world).await;
    assert_eq!(talk.inboxes().await.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2, 1]);
    world.delete(ann, *photo).await;
    settle(world).await;
    assert!(inbox(world, ann).await.is_empty());
    // What `backfill` does.
    while comment::forget_some(&world.table, *photo).await.unwrap() {}
    settle(world).await;
    talk.assert_nobody_is_told().await;
}

#[tokio::test]
async fn when_people_talk_to_themselves_then_nobody_is_told() {
    let talk = Talk::new().await;
    let Talk { world, ann, .. } = &talk;
    let path = talk.comment(ann, &[]).await;
    talk.reply(ann, path, ann, &[]).await;
    world.derive().await;
    world.like_comment(ann, ann, ann, path).await;
    let mut events = happened(world).await;
    events.push(Event::CommentAdded {
        comment: path,
        author_id: ann.user_id,
        user_id: ann.user_id,
        username: ann.username.clone(),
        answers: None,
    });
    world.engine.reset_usage();
    assert!(deliver(world, &events).await.is_empty());
    assert_eq!(world.engine.usage().requests, 0);
    talk.assert_nobody_is_told().await;
}

#[tokio::test]
async fn when_a_block_hides_the_actor_then_nobody_is_told_of_what_they_say() {
    let talk = Talk::new().await;
    let Talk { world, ann, bob, cid, .. } = &talk;
    let path = talk.comment(bob, &[]).await;
    world.derive().await;
    world.hide(bob, cid).await;
    world.hide(cid, ann).await;
    world.derive().await;
    // Written before it is known.
    talk.reply(cid, path, bob, &[ann]).await;
    talk.comment(cid, &[bob]).await;
    world.like_comment(cid, ann, bob, path).await;
    settle(world).await;
    talk.assert_nobody_is_told().await;
}

#[tokio::test]
async fn when_somebody_sees_the_photo_no_more_then_they_are_told_of_nothing_under_it() {
    let talk = Talk::new().await;
    let Talk { world, ann, bob, cid, photo } = &talk;
    world.follow(bob, ann).await;
    let path = talk.comment(bob, &[]).await;
    world.derive().await;
    world.switch(ann, true).await;
    let privacy = table::privacy::get_latest(&world.table, ann.user_id).await.unwrap().unwrap();
    let (audience, mark) = (privacy.audience(), privacy.switched);
    table::privacy::set_audience(&world.table, &[*photo], audience, mark).await.unwrap();
    // Bob follows, and Cid does not.
    talk.comment(ann, &[bob, cid]).await;
    settle(world).await;
    assert_eq!(talk.told(bob).await, ["ann mentioned you in a comment"]);
    assert!(inbox(world, cid).await.is_empty());
    // Who is sent away is told of nothing more, though they had a part in it.
    assert!(world.remove_follower(ann, bob).await);
    talk.reply(ann, path, bob, &[]).await;
    talk.comment(ann, &[bob]).await;
    world.like_comment(ann, ann, bob, path).await;
    settle(world).await;
    assert_eq!(talk.told(bob).await.len(), 1);
    // Ann sees her own photo.
    talk.comment(bob, &[]).await;
    settle(world).await;
    assert_eq!(talk.told(ann).await, ["bob commented on your photo"]);
}

/// Lets something happen between the moment the function looked at an edge and the moment it writes the row; then
/// handles what it leads to.
async fn assert_nobody_is_told_after(
    acts: impl AsyncFnOnce(&Talk) -> CommentPath,
    overtaking: impl AsyncFnOnce(&Talk, CommentPath),
) {
    let talk = Talk::new().await;
    let world = &talk.world;
    let path = acts(&talk).await;
    let events = happened(world).await;
    let (client, hold) = world.engine.held_client("TransactWriteItems", 0);
    let handler = handler(world, client);
    let (recorded, ()) = futures::join!(answer(&handler, sqs_event(&events)), async {
        hold.reached().await;
        overtaking(&talk, path).await;
        settle(world).await;
        hold.release();
    });
    assert!(recorded.batch_item_failures.is_empty());
    talk.assert_nobody_is_told().await;
}

#[tokio::test]
async fn when_a_comment_goes_while_it_is_recorded_then_no_row_stays() {
    for told in [false, true] {
        let acts = async |talk: &Talk| {
            // A reply tells Cid nothing but that it mentions or answers them.
            let own = talk.comment(&talk.cid, &[]).await;
            talk.world.derive().await;
            let mentioned = [&talk.cid];
            talk.reply(&talk.bob, own, &talk.cid, if told { &mentioned } else { &[] }).await
        };
        assert_nobody_is_told_after(acts, async |talk, path| {
            assert!(talk.world.uncomment(&talk.bob, path).await);
        })
        .await;
    }
}

#[tokio::test]
async fn when_a_comment_goes_while_a_like_of_it_is_recorded_then_no_row_stays() {
    let acts = async |talk: &Talk| {
        let path = talk.comment(&talk.bob, &[]).await;
        talk.world.derive().await;
        talk.world.like_comment(&talk.cid, &talk.ann, &talk.bob, path).await;
        path
    };
    assert_nobody_is_told_after(acts, async |talk, path| {
        assert!(talk.world.uncomment(&talk.bob, path).await);
    })
    .await;
}

#[tokio::test]
async fn when_the_photo_goes_while_a_comment_is_recorded_then_no_row_stays() {
    let acts = async |talk: &Talk| talk.comment(&talk.bob, &[]).await;
    assert_nobody_is_told_after(acts, async |talk, _| talk.world.delete(&talk.ann, talk.photo).await).await;
}

#[tokio::test]
async fn when_the_function_dies_after_telling_of_a_comment_then_a_retry_changes_nothing() {
    let talk = Talk::new().await;
    let Talk { world, ann, bob, .. } = &talk;
    talk.comment(bob, &[]).await;
    let events = happened(world).await;
    world.engine.fail_next("TransactWriteItems", 1, Fault::Crash);
    assert_eq!(deliver(world, &events).await, ["message-0"]);
    assert!(deliver(world, &events).await.is_empty());
    assert_eq!(talk.told(ann).await, ["bob commented on your photo"]);
}

#[tokio::test]
async fn when_an_older_message_does_not_say_whom_it_told_then_the_rest_is_done() {
    let talk = Talk::new().await;
    let Talk { world, ann, bob, cid, .. } = &talk;
    let path = talk.comment(bob, &[]).await;
    settle(world).await;
    world.like_comment(cid, ann, bob, path).await;
    settle(world).await;
    world.uncomment(bob, path).await;
    world.derive().await;
    let (author_id, user_id) = (ann.user_id, bob.user_id);
    let removed =
        Event::CommentRemoved { comment: path, author_id, user_id, answers: None, told: Vec::new() };
    assert!(deliver(world, &[removed]).await.is_empty());
    talk.assert_nobody_is_told().await;
}

#[tokio::test]
async fn what_is_told_of_a_comment_stays_within_its_budget() {
    let talk = Talk::new().await;
    let Talk { world, ann, bob, cid, .. } = &talk;
    let path = talk.comment(bob, &[cid]).await;
    world.derive().await;
    let reply = talk.reply(cid, path, bob, &[]).await;
    world.derive().await;
    world.like_comment(cid, ann, bob, path).await;
    world.derive().await;
    let mut budget = Vec::new();
    let mut measure = async |event: &Event| {
        world.engine.reset_usage();
        assert!(deliver(world, std::slice::from_ref(event)).await.is_empty());
        let usage = world.engine.usage();
        budget.push((usage.read_units, usage.write_units));
    };
    let added = |comment, who: &Caller, answers: Option<&Caller>| Event::CommentAdded {
        comment,
        author_id: ann.user_id,
        user_id: who.user_id,
        username: who.username.clone(),
        answers: answers.map(|who| who.user_id),
    };
    // The writer's range and photo, circle, marker, places, state, all written, range, photo and circle again.
    measure(&added(path, bob, None)).await;
    // The same again: range, photo, circle, marker and place.
    measure(&added(path, bob, None)).await;
    measure(&added(reply, cid, Some(bob))).await;
    let (author_id, user_id, username) = (ann.user_id, bob.user_id, bob.username.clone());
    let mentioned_id = cid.user_id;
    measure(&Event::MentionAdded { comment: path, author_id, user_id, username, mentioned_id }).await;
    let (user_id, username, at) = (cid.user_id, cid.username.clone(), world.clock.now());
    let (comment, writer_id) = (path, bob.user_id);
    // The comment is read, too.
    measure(&Event::CommentLikeAdded { comment, author_id, writer_id, user_id, username, at }).await;
    assert_eq!(budget, [(8.0, 8.0), (4.5, 0.0), (8.0, 8.0), (8.0, 8.0), (10.0, 8.0)]);

    // Nobody was told of the reply but Bob, and nobody likes it.
    world.uncomment(cid, reply).await;
    let [removed] = &happened(world).await[..] else { panic!("one event") };
    world.engine.reset_usage();
    assert!(deliver(world, std::slice::from_ref(removed)).await.is_empty());
    let usage = world.engine.usage();
    // Range, photo, marker, place, row, state, all written, range and photo again; and whether anybody was told of a like.
    assert_eq!((usage.read_units, usage.write_units), (9.0, 6.0), "{usage:?}");
    world.unlike_comment(cid, path).await;
    let removed = Event::CommentLikeRemoved { comment: path, user_id };
    world.engine.reset_usage();
    assert!(deliver(world, &[removed]).await.is_empty());
    let usage = world.engine.usage();
    assert_eq!((usage.read_units, usage.write_units), (10.0, 6.0), "{usage:?}");
}
