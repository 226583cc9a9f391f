//! Who sees what of somebody: every endpoint that shows people or photos, asked by everybody who stands to the
//! author in another way. What is found is written to docs/visibility.md (`UPDATE_VISIBILITY=1`), and compared.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::pictures::small;
use crate::world::{Answer, App, Person, eventually, same};

/// How a viewer stands to the author.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stands {
    Stranger,
    Follower,
    Requested,
    Blocked,
    Blocker,
    Muted,
    Removed,
}

use Stands::{Blocked, Blocker, Follower, Muted, Removed, Requested, Stranger};

impl Stands {
    const ALL: [Self; 7] = [Stranger, Follower, Requested, Blocked, Blocker, Muted, Removed];

    /// What the column says.
    fn title(self) -> &'static str {
        match self {
            Stranger => "stranger",
            Follower => "follower",
            Requested => "requested",
            Blocked => "blocked by them",
            Blocker => "blocks them",
            Muted => "follows, mutes them",
            Removed => "removed",
        }
    }

    fn is_hidden(self) -> bool {
        matches!(self, Blocked | Blocker)
    }

    /// Whether they see what a private account shows.
    fn is_admitted(self) -> bool {
        matches!(self, Follower | Muted)
    }
}

/// Something that a viewer asks. What changes something comes last, in an order in which no act disturbs another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ask {
    Profile,
    ByName,
    Photos,
    Followers,
    Following,
    Photo,
    Likers,
    Comments,
    Replies,
    Feed,
    ListOfPeople,
    Search,
    LikersElsewhere,
    CommentsElsewhere,
    Inbox,
    Like,
    Unlike,
    Comment,
    LikeComment,
    UnlikeComment,
    RemoveComment,
    PinComment,
    Save,
    Bell,
    Follow,
    Mute,
    CloseFriend,
    RemoveFollower,
    Block,
}

impl Ask {
    const ALL: [Self; 29] = [
        Self::Profile,
        Self::ByName,
        Self::Photos,
        Self::Followers,
        Self::Following,
        Self::Photo,
        Self::Likers,
        Self::Comments,
        Self::Replies,
        Self::Feed,
        Self::ListOfPeople,
        Self::Search,
        Self::LikersElsewhere,
        Self::CommentsElsewhere,
        Self::Inbox,
        Self::Like,
        Self::Unlike,
        Self::Comment,
        Self::LikeComment,
        Self::UnlikeComment,
        Self::RemoveComment,
        Self::PinComment,
        Self::Save,
        Self::Bell,
        Self::Follow,
        Self::Mute,
        Self::CloseFriend,
        Self::RemoveFollower,
        Self::Block,
    ];

    /// What the row says.
    fn title(self) -> &'static str {
        match self {
            Self::Profile => "`GET /users/{id}`",
            Self::ByName => "`GET /users/by-name/{name}`",
            Self::Photos => "`GET /users/{id}/photos`",
            Self::Followers => "`GET /users/{id}/followers`",
            Self::Following => "`GET /users/{id}/following`",
            Self::Photo => "`GET /photos/{id}`",
            Self::Likers => "`GET /photos/{id}/likes`",
            Self::Comments => "`GET /photos/{id}/comments`",
            Self::Replies => "`GET /photos/{id}/comments/{comment}/replies`",
            Self::Feed => "their photo in `GET /feed`",
            Self::ListOfPeople => "they in somebody's followers",
            Self::Search => "they in `GET /search`",
            Self::LikersElsewhere => "they in the likers of somebody's photo",
            Self::CommentsElsewhere => "their comment on somebody's photo",
            Self::Inbox => "their like in `GET /notifications`",
            Self::Like => "`POST /photos/{id}/like`",
            Self::Unlike => "`DELETE /photos/{id}/like`",
            Self::Comment => "`POST /photos/{id}/comments`",
            Self::LikeComment => "`POST /photos/{id}/comments/{comment}/like`",
            Self::UnlikeComment => "`DELETE /photos/{id}/comments/{comment}/like`",
            Self::RemoveComment => "`DELETE /photos/{id}/comments/{comment}`",
            Self::PinComment => "`POST /photos/{id}/comments/{comment}/pin`",
            Self::Save => "`POST /photos/{id}/save`",
            Self::Bell => "`POST /users/{id}/bell`",
            Self::Follow => "`POST /users/{id}/follow`",
            Self::Mute => "`POST /users/{id}/mute`",
            Self::CloseFriend => "`POST /users/{id}/close-friend`",
            Self::RemoveFollower => "`DELETE /users/me/followers/{id}`",
            Self::Block => "`POST /users/{id}/block`",
        }
    }

    fn method(self) -> Method {
        match self {
            Self::Like
            | Self::Comment
            | Self::LikeComment
            | Self::PinComment
            | Self::Save
            | Self::Bell
            | Self::Follow
            | Self::Mute
            | Self::CloseFriend
            | Self::Block => Method::POST,
            Self::Unlike | Self::UnlikeComment | Self::RemoveComment | Self::RemoveFollower => Method::DELETE,
            _ => Method::GET,
        }
    }

    /// Whether it is asked of the author's photo, or of what is said under it.
    fn is_about_photo(self) -> bool {
        matches!(
            self,
            Self::Photo
                | Self::Likers
                | Self::Comments
                | Self::Replies
                | Self::Like
                | Self::Unlike
                | Self::Comment
                | Self::LikeComment
                | Self::UnlikeComment
                | Self::RemoveComment
                | Self::PinComment
                | Self::Save
        )
    }

    /// What the rules say that the answer is.
    fn wanted(self, stands: Stands, private: bool) -> &'static str {
        let (hidden, inside) = (stands.is_hidden(), !private || stands.is_admitted());
        match self {
            Self::Block => "done",
            Self::ListOfPeople
            | Self::Search
            | Self::LikersElsewhere
            | Self::CommentsElsewhere
            | Self::Inbox
                if hidden =>
            {
                "left out"
            }
            Self::Feed if stands != Follower => "left out",
            _ if hidden => "404",
            _ if self.is_about_photo() && !inside => "404",
            Self::RemoveComment | Self::PinComment => "403",
            Self::Profile | Self::ByName if !inside => "without counts",
            Self::Photos | Self::Followers | Self::Following if !inside => "empty",
            Self::Follow if !inside => "requested",
            // Only whoever follows has one.
            Self::Bell if !stands.is_admitted() => "409",
            Self::Bell | Self::Mute | Self::CloseFriend | Self::RemoveFollower => "done",
            _ if self.method() != Method::GET && self.is_about_photo() => "done",
            Self::Follow => "follows",
            _ => "shown",
        }
    }
}

/// An author, and what everybody looks at.
struct Author<'a> {
    person: Person<'a>,
    photo: String,
    /// What the author says under it.
    comment: String,
    private: bool,
    /// Somebody whom the author follows, and whose photo they like.
    witness: &'a Person<'a>,
    photo_of_witness: &'a str,
}

/// Somebody who looks, and a photo of theirs that the author likes.
struct Viewer<'a> {
    person: Person<'a>,
    photo: String,
    stands: Stands,
}

async fn act(person: &Person<'_>, method: Method, path: &str) -> Value {
    let answer = person.request(method, path).send().await;
    assert!(matches!(answer.status, 200 | 204), "{answer:?}");
    answer.body
}

/// Writes a comment, and returns its id.
async fn comment(person: &Person<'_>, photo: &str) -> String {
    let body = json!({ "text": "Here I am" });
    let made = person.post(&format!("/photos/{photo}/comments"), &body).await.expect(201);
    made["comment_id"].as_str().unwrap().to_owned()
}

/// Returns whether a list of a page has an entry with this value.
fn names(page: &Value, list: &str, field: &str, value: &str) -> bool {
    page[list].as_array().is_some_and(|list| list.iter().any(|entry| entry[field] == value))
}

fn shown(is_shown: bool, otherwise: &'static str) -> &'static str {
    if is_shown { "shown" } else { otherwise }
}

impl<'a> Author<'a> {
    async fn new(
        app: &'a App,
        private: bool,
        witness: &'a Person<'a>,
        photo_of_witness: &'a str,
    ) -> Author<'a> {
        let person = app.register(if private { "private" } else { "public" }).await;
        act(&person, Method::POST, &format!("/users/{}/follow", witness.id)).await;
        act(&person, Method::POST, &format!("/photos/{photo_of_witness}/like")).await;
        comment(&person, photo_of_witness).await;
        if private {
            let profile = person.patch("/users/me", &json!({ "private": true })).await.expect(200);
            assert_eq!(profile["private"], true);
        }
        Author { person, photo: String::new(), comment: String::new(), private, witness, photo_of_witness }
    }

    /// Creates somebody who stands to the author like that.
    async fn viewer(&self, app: &'a App, stands: Stands) -> Viewer<'a> {
        let person = app.register("viewer").await;
        let photo = person.post_photo("", &[small()]).await;
        act(&self.person, Method::POST, &format!("/photos/{photo}/like")).await;
        person.until_inbox(1).await;
        let (me, them) = (person.id, self.person.id);
        let requests = self.private && stands != Stranger;
        if stands != Stranger {
            let state = act(&person, Method::POST, &format!("/users/{them}/follow")).await;
            assert_eq!((&state["following"], &state["requested"]), (&json!(!requests), &json!(requests)));
        }
        if requests && stands != Requested {
            eventually("the request is there", async || {
                let path = format!("/users/me/requests/{me}/accept");
                same(self.person.request(Method::POST, &path).send().await.status, &204)
            })
            .await;
            eventually("the request is accepted", async || {
                same(person.profile(&self.person).await["followed_by_you"].clone(), &json!(true))
            })
            .await;
        }
        match stands {
            Blocked => drop(act(&self.person, Method::POST, &format!("/users/{me}/block")).await),
            Blocker => drop(act(&person, Method::POST, &format!("/users/{them}/block")).await),
            Muted => drop(act(&person, Method::POST, &format!("/users/{them}/mute")).await),
            Removed => drop(act(&self.person, Method::DELETE, &format!("/users/me/followers/{me}")).await),
            Stranger | Follower | Requested => {}
        }
        Viewer { person, photo, stands }
    }
}

impl Viewer<'_> {
    /// Asks, and says what the answer is.
    async fn ask(&self, ask: Ask, of: &Author<'_>) -> &'static str {
        let (id, name) = (of.person.id.to_string(), &of.person.username);
        let path = match ask {
            Ask::Profile => format!("/users/{id}"),
            Ask::ByName => format!("/users/by-name/{name}"),
            Ask::Photos => format!("/users/{id}/photos"),
            Ask::Followers => format!("/users/{id}/followers"),
            Ask::Following => format!("/users/{id}/following"),
            Ask::Photo => format!("/photos/{}", of.photo),
            Ask::Likers => format!("/photos/{}/likes", of.photo),
            Ask::Comments | Ask::Comment => format!("/photos/{}/comments", of.photo),
            Ask::Replies => format!("/photos/{}/comments/{}/replies", of.photo, of.comment),
            Ask::LikeComment | Ask::UnlikeComment => {
                format!("/photos/{}/comments/{}/like", of.photo, of.comment)
            }
            Ask::RemoveComment => format!("/photos/{}/comments/{}", of.photo, of.comment),
            Ask::PinComment => format!("/photos/{}/comments/{}/pin", of.photo, of.comment),
            Ask::Save => format!("/photos/{}/save", of.photo),
            Ask::Feed => "/feed".to_owned(),
            Ask::ListOfPeople => format!("/users/{}/followers?count=50", of.witness.id),
            Ask::Search => format!("/search?q={name}"),
            Ask::LikersElsewhere => format!("/photos/{}/likes", of.photo_of_witness),
            Ask::CommentsElsewhere => format!("/photos/{}/comments", of.photo_of_witness),
            Ask::Inbox => "/notifications".to_owned(),
            Ask::Like | Ask::Unlike => format!("/photos/{}/like", of.photo),
            Ask::Bell => format!("/users/{id}/bell"),
            Ask::Follow => format!("/users/{id}/follow"),
            Ask::Mute => format!("/users/{id}/mute"),
            Ask::CloseFriend => format!("/users/{id}/close-friend"),
            Ask::RemoveFollower => format!("/users/me/followers/{id}"),
            Ask::Block => format!("/users/{id}/block"),
        };
        let answer = self.request(ask, &path).await;
        if answer.status == 404 {
            self.assert_as_absent(ask, &path, of, &answer.body).await;
            return "404";
        }
        match answer.status {
            403 => return "403",
            409 => return "409",
            _ => {}
        }
        assert!(matches!(answer.status, 200 | 201 | 204), "{answer:?}");
        let body = answer.body;
        match ask {
            Ask::Profile | Ask::ByName => {
                let counts =
                    ["follower_count", "following_count", "photo_count"].map(|count| body[count].is_null());
                assert!(counts == [counts[0]; 3], "{body}");
                if counts[0] { "without counts" } else { "shown" }
            }
            Ask::Photos => shown(names(&body, "photos", "photo_id", &of.photo), "empty"),
            Ask::Followers | Ask::Following => {
                shown(body["users"].as_array().is_some_and(|users| !users.is_empty()), "empty")
            }
            Ask::Photo | Ask::Likers | Ask::Replies => "shown",
            Ask::Comments | Ask::CommentsElsewhere => {
                shown(names(&body, "comments", "user_id", &id), "left out")
            }
            Ask::Feed => shown(names(&body, "photos", "photo_id", &of.photo), "left out"),
            Ask::ListOfPeople | Ask::Search | Ask::LikersElsewhere => {
                shown(names(&body, "users", "user_id", &id), "left out")
            }
            Ask::Inbox => shown(names(&body, "notifications", "photo_id", &self.photo), "left out"),
            Ask::Follow => {
                if body["following"] == true {
                    "follows"
                } else {
                    "requested"
                }
            }
            _ => "done",
        }
    }

    async fn request(&self, ask: Ask, path: &str) -> Answer {
        let request = self.person.request(ask.method(), path);
        // What needs no body takes none.
        match ask {
            Ask::Comment => request.json(&json!({ "text": "May I?" })).send().await,
            _ => request.send().await,
        }
    }

    /// Asserts that the same request about nobody, or about no photo, is answered in the same words.
    async fn assert_as_absent(&self, ask: Ask, path: &str, of: &Author<'_>, body: &Value) {
        let absent = path
            .replace(&of.person.id.to_string(), "12345")
            .replace(&of.person.username, "nobody_has_this_name")
            .replace(&of.photo, "12345");
        assert_ne!(path, absent);
        let answer = self.request(ask, &absent).await;
        let said = |body: &Value| (body["code"].clone(), body["title"].clone(), body["detail"].clone());
        assert_eq!((answer.status, said(&answer.body)), (404, said(body)), "{path}");
    }
}

/// What was found, by the row, whether the author is private, and how the viewer stands to them.
type Found = BTreeMap<(Ask, bool, Stands), &'static str>;

async fn look(app: &App, private: bool, witness: &Person<'_>, photo_of_witness: &str) -> Found {
    let mut author = Author::new(app, private, witness, photo_of_witness).await;
    let mut viewers = Vec::new();
    // A public account has no requests.
    for stands in Stands::ALL.into_iter().filter(|stands| private || *stands != Requested) {
        viewers.push(author.viewer(app, stands).await);
    }
    author.photo = author.person.post_photo("", &[small()]).await;
    author.person.like(&author.photo, 1).await;
    author.comment = comment(&author.person, &author.photo).await;
    let mut found = Found::new();
    for ask in Ask::ALL {
        // What follows from a block or a removal comes within seconds.
        let answers = viewers.iter().map(async |viewer| {
            let wanted = ask.wanted(viewer.stands, private);
            let what = format!("{} by {:?}, private: {private}", ask.title(), viewer.stands);
            let answer = eventually(&what, async || same(viewer.ask(ask, &author).await, &wanted)).await;
            ((ask, private, viewer.stands), answer)
        });
        found.extend(join_all(answers).await);
    }
    found
}

fn table(found: &Found) -> String {
    let mut text = "# Who sees what\n\n\
        Written by a test over the API of the deployed template, which finds what is said here\n\
        (`localstack/tests/end_to_end/visibility.rs`). \"They\" are the author. Each column is how the viewer stands to\n\
        them. A 404 is in the same words as of nobody; tests of each function hold that it takes as many round trips.\n"
        .to_owned();
    for (private, title) in [(false, "public"), (true, "private")] {
        let columns: Vec<Stands> = Stands::ALL
            .into_iter()
            .filter(|stands| found.contains_key(&(Ask::Profile, private, *stands)))
            .collect();
        let titles: Vec<&str> = columns.iter().map(|stands| stands.title()).collect();
        write!(
            text,
            "\n## A {title} account\n\n| | {} |\n|---|{}\n",
            titles.join(" | "),
            "---|".repeat(columns.len())
        )
        .unwrap();
        for ask in Ask::ALL {
            let cells: Vec<&str> = columns.iter().map(|stands| found[&(ask, private, *stands)]).collect();
            writeln!(text, "| {} | {} |", ask.title(), cells.join(" | ")).unwrap();
        }
    }
    text
}

#[tokio::test]
async fn what_everybody_sees_of_everybody_is_what_the_document_says() {
    let app = App::new();
    let witness = app.register("witness").await;
    let photo_of_witness = witness.post_photo("", &[small()]).await;
    let (mut found, of_private) = futures::join!(
        look(&app, false, &witness, &photo_of_witness),
        look(&app, true, &witness, &photo_of_witness)
    );
    found.extend(of_private);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/visibility.md");
    if std::env::var_os("UPDATE_VISIBILITY").is_some() {
        fs::write(&file, table(&found)).unwrap();
    }
    assert_eq!(fs::read_to_string(file).unwrap(), table(&found), "run this test with UPDATE_VISIBILITY=1");
}
