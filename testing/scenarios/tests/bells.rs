//! A photo on its way to whoever has a bell on, through `derive`, `bell` and `notify`, and what overtakes it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests")]

use api::Caller;
use bell::{BellHandler, Queues};
use derive::DeriveHandler;
use domain::PhotoId;
use domain::inbox::Subject;
use messages::Event;
use notify::NotifyHandler;
use runtime::sqs::answer;
use table::Table;
use table::inbox::{self, Inspection};
use testkit::{Outbox, Published, World, dies_at, sqs_event, stream_event};

/// The three functions over one table.
struct Functions {
    derive: DeriveHandler<Published, Outbox>,
    bell: BellHandler<Outbox>,
    notify: NotifyHandler<Published>,
}

/// An author, and somebody who has a bell on.
struct Scene {
    world: World,
    author: Caller,
    listener: Caller,
    /// What `derive` publishes.
    topic: Published,
    /// What is sent to the queues of `bell` and `notify`, and to that of `derive` which nothing is hot enough for.
    queues: Queues<Outbox>,
    functions: Functions,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let (author, listener) = (world.person("author").await, world.person("listener").await);
        let (topic, queues) =
            (Published::default(), Queues { bell: Outbox::default(), notify: Outbox::default() });
        let functions = functions(&world, &world.table, &topic, &queues);
        let scene = Self { world, author, listener, topic, queues, functions };
        scene.world.follow(&scene.listener, &scene.author).await;
        scene.world.ring(&scene.listener, &scene.author).await;
        scene.settle(&mut Vec::new()).await;
        scene
    }

    /// The same functions over a client of their own.
    fn functions_over(&self, table: &Table) -> Functions {
        functions(&self.world, table, &self.topic, &self.queues)
    }

    /// Derives what is new, delivers what follows from it, and so on until nothing does. Keeps every message.
    async fn settle(&self, messages: &mut Vec<Event>) {
        while self.go_on(&self.functions, messages).await {}
    }

    /// Derives, or delivers all messages there are, to every function that they are for; returns whether there was
    /// anything to do.
    async fn go_on(&self, functions: &Functions, messages: &mut Vec<Event>) -> bool {
        let records = self.world.engine.stream().await;
        let is_new = !records.is_empty();
        if is_new {
            let answer = runtime::stream::answer(&functions.derive, stream_event(records)).await;
            assert!(answer.batch_item_failures.is_empty());
        }
        let published = self.topic.take();
        let of_bell = published.iter().filter(|event| is_for_bell(event)).cloned();
        let of_bell: Vec<Event> = of_bell.chain(self.queues.bell.take()).collect();
        let of_notify = published.iter().filter(|event| is_for_notify(event)).cloned();
        let of_notify: Vec<Event> = of_notify.chain(self.queues.notify.take()).collect();
        deliver(functions, &of_bell, &of_notify).await;
        let sent = of_bell.len() + of_notify.len();
        messages.extend(of_bell.into_iter().chain(of_notify));
        is_new || sent > 0
    }

    /// Delivers messages again, the last first.
    async fn repeat(&self, messages: &[Event]) {
        for event in messages.iter().rev() {
            let one = std::slice::from_ref(event);
            let (bell, notify) = if is_for_bell(event) { (one, &[][..]) } else { (&[][..], one) };
            deliver(&self.functions, bell, notify).await;
        }
        self.settle(&mut Vec::new()).await;
    }

    /// Returns the photos of which the listener is told, and asserts that what is unread is counted exactly.
    async fn told(&self) -> Vec<PhotoId> {
        let (table, of, now) =
            (&self.world.table, self.listener.user_id, domain::Clock::now(&self.world.clock));
        match inbox::inspect(table, of, now).await.unwrap() {
            Inspection::Still { stored, rows } => assert_eq!(stored, rows),
            Inspection::Moved => panic!("nobody moves it"),
        }
        let rows = inbox::page(table, of, None, 10, now).await.unwrap().items.into_iter();
        let photo = |row: inbox::Listed| match row.id.subject {
            Subject::Post(photo) => Some(photo),
            _ => None,
        };
        rows.filter_map(photo).collect()
    }
}

fn functions(world: &World, table: &Table, topic: &Published, queues: &Queues<Outbox>) -> Functions {
    let clock = world.clock.shared();
    let apart = derive::Queues { out_of_order: Outbox::default(), live: Outbox::default() };
    Functions {
        derive: DeriveHandler::new(table.clone(), topic.clone(), apart, clock.clone()),
        bell: BellHandler::new(table.clone(), queues.clone()),
        notify: NotifyHandler::new(table.clone(), Published::default(), clock),
    }
}

fn is_for_bell(event: &Event) -> bool {
    matches!(event, Event::PhotoReady { .. } | Event::PhotoDeleted { .. })
}

fn is_for_notify(event: &Event) -> bool {
    matches!(event, Event::PhotoDeleted { .. } | Event::FollowAdded { .. } | Event::FollowRemoved { .. })
}

async fn deliver(functions: &Functions, bell: &[Event], notify: &[Event]) {
    // An empty batch is never sent.
    if !bell.is_empty() {
        assert!(answer(&functions.bell, sqs_event(bell)).await.batch_item_failures.is_empty());
    }
    if !notify.is_empty() {
        assert!(answer(&functions.notify, sqs_event(notify)).await.batch_item_failures.is_empty());
    }
}

/// What overtakes the photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Silence,
    Unfollow,
    Block,
    BlockedBy,
    Delete,
}

impl Act {
    async fn perform(self, scene: &Scene, photo: PhotoId) {
        let Scene { world, author, listener, .. } = scene;
        assert!(match self {
            Self::Silence => world.silence(listener, author).await,
            Self::Unfollow => world.unfollow(listener, author).await,
            Self::Block => world.block(listener, author).await,
            Self::BlockedBy => world.block(author, listener).await,
            Self::Delete => {
                world.delete(author, photo).await;
                true
            }
        });
    }
}

#[tokio::test]
async fn a_photo_overtaken_at_any_place_is_told_of_to_nobody_who_is_not_to_hear() {
    for act in [Act::Silence, Act::Unfollow, Act::Block, Act::BlockedBy, Act::Delete] {
        for place in 0.. {
            let scene = Scene::new().await;
            let photo = scene.world.post(&scene.author).await;
            let (client, hold) = scene.world.engine.held_client("", place);
            let held = Table::new(client, scene.world.engine.table_name());
            let slow_functions = scene.functions_over(&held);
            let mut messages = Vec::new();
            let mut slow = Box::pin(async {
                let mut messages = Vec::new();
                while scene.go_on(&slow_functions, &mut messages).await {}
                messages
            });
            let stopped = tokio::select! {
                biased;
                () = hold.reached() => true,
                sent = &mut slow => { messages.extend(sent); false }
            };
            act.perform(&scene, photo).await;
            scene.settle(&mut messages).await;
            if stopped {
                hold.release();
                messages.extend(slow.await);
            } else {
                drop(slow);
            }
            scene.settle(&mut messages).await;
            let told = scene.told().await;
            if act == Act::Delete {
                assert_eq!(told, [], "overtaken at {place}");
            }
            // What was told before stays, until the message of it comes again.
            scene.repeat(&messages).await;
            scene.repeat(&messages).await;
            assert_eq!(scene.told().await, [], "{act:?} at {place}");
            if !stopped {
                assert!(place > 10, "{place}");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_photo_is_told_once_and_taken_back_wherever_a_process_dies() {
    for n in 1.. {
        let scene = Scene::new().await;
        let photo = scene.world.post(&scene.author).await;
        let mut done = true;
        for wanted in [vec![photo], vec![]] {
            let (mut messages, records) = (Vec::new(), scene.world.engine.stream().await);
            scene.world.engine.fail_when(dies_at(n));
            let work = async {
                let answer =
                    runtime::stream::answer(&scene.functions.derive, stream_event(records.clone())).await;
                assert!(answer.batch_item_failures.is_empty());
                while scene.go_on(&scene.functions, &mut messages).await {}
            };
            done &= Box::pin(scene.world.engine.until_crash(work)).await.is_some();
            scene.world.engine.heal();
            // What was not finished comes again: the records, and with them the messages.
            let answer = runtime::stream::answer(&scene.functions.derive, stream_event(records)).await;
            assert!(answer.batch_item_failures.is_empty());
            scene.settle(&mut messages).await;
            assert_eq!(scene.told().await, wanted, "died at {n}");
            scene.repeat(&messages).await;
            assert_eq!(scene.told().await, wanted, "died at {n}, and all came again");
            if !wanted.is_empty() {
                scene.world.delete(&scene.author, photo).await;
            }
        }
        if done {
            assert!(n > 4, "{n}");
            return;
        }
    }
}

#[tokio::test]
async fn whoever_switched_a_bell_off_loses_the_row_with_the_photo() {
    let scene = Scene::new().await;
    let photo = scene.world.post(&scene.author).await;
    scene.settle(&mut Vec::new()).await;
    scene.world.silence(&scene.listener, &scene.author).await;
    let next = scene.world.post(&scene.author).await;
    scene.settle(&mut Vec::new()).await;
    assert_eq!(scene.told().await, [photo], "and nothing of the next");
    for gone in [next, photo] {
        scene.world.delete(&scene.author, gone).await;
        scene.settle(&mut Vec::new()).await;
    }
    assert_eq!(scene.told().await, []);
}
