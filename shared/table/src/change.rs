//! The changes that records of the table's stream describe, and their derivation.

use std::collections::{BTreeMap, BTreeSet};

use domain::comment::Comment;
use domain::mail_link::{LinkDigest, Purpose};
use domain::media::{AddressSecret, PerceptualHash};
use domain::photo::{BlobRef, Photo, State};
use domain::session::SessionId;
use domain::visibility::Pair;
use domain::{CommentPath, PhotoId, Relation, Timestamp, UserId};
use messages::{AudiencePart, Event, HashRange};
use serde::{Deserialize, Serialize};
use serde_dynamo::Item;

use crate::counters::Counter;
use crate::follow::Follow;
use crate::keys::{ItemKey, PK, SK};
use crate::privacy::{self, Privacy};
use crate::reader::Reader;
use crate::relations::{EdgeState, End, Said, describe, edge_of, ends_with, taken_back};
use crate::{Error, Order, Result, Table, bell, circle, comment, endings, processing, request, settle};

/// A change from which other items are derived.
///
/// It waits in a queue as JSON. Fields are only ever added to it, with a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// An actor stated a relation: a source edge was added.
    Said(Said),
    /// An actor took a relation back: a source edge was removed.
    TakenBack(Relation),
    /// Somebody changed what they say about somebody else. What follows is derived from what they say by then.
    Paired {
        /// Who says it.
        by: UserId,
        /// About whom.
        about: UserId,
    },
    /// Somebody switched a bell on or off. Its edge is derived from what they say by then.
    Bell {
        /// Whose bell.
        by: UserId,
        /// Of whose photos they hear by it.
        about: UserId,
    },
    /// A comment is gone: its writer took it back, or the photo's author removed it.
    Uncommented {
        /// Whose comment it was.
        user: UserId,
        /// Where it was.
        comment: CommentPath,
        /// Whose photo it was on.
        author: UserId,
        /// Who wrote what it replied to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answers: Option<UserId>,
        /// Who was told that it mentions them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        told: Vec<UserId>,
    },
    /// The photo's author removed a comment of somebody else.
    Removed(Removal),
    /// A photo waits for its uploads.
    Drafted {
        /// The photo.
        photo: PhotoId,
    },
    /// Every rendition of a photo is stored.
    Ready {
        /// The photo.
        photo: PhotoId,
        /// Whose.
        author: UserId,
        /// The perceptual hashes of its media.
        #[serde(default)]
        hashes: Vec<PerceptualHash>,
        /// The mark of the switch that its audience follows.
        #[serde(default)]
        audience_since: i64,
    },
    /// A photo could not be processed.
    Failed(Remains),
    /// A photo was deleted.
    Deleted(Remains),
    /// A user removed their profile picture.
    PictureRemoved {
        /// Whose.
        user: UserId,
    },
    /// A dormant reader returned.
    Returned {
        /// Who.
        reader: UserId,
        /// The mark that identifies the return.
        mark: i64,
    },
    /// A user made their account private or public.
    Switched {
        /// Whose.
        user: UserId,
        /// The mark that identifies the switch.
        mark: i64,
    },
    /// A link is to be mailed.
    Linked {
        /// To whom.
        user: UserId,
        /// What it does.
        purpose: Purpose,
        /// Its name.
        link: LinkDigest,
    },
    /// A user changed their password, or set a new one by a link.
    PasswordChanged {
        /// Who.
        user: UserId,
        /// When.
        at: Timestamp,
    },
    /// Somebody logged in.
    LoggedIn {
        /// To whose account.
        user: UserId,
        /// The session that they opened.
        session: SessionId,
    },
}

/// What is left of a photo that failed or was deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remains {
    /// The photo.
    pub photo: PhotoId,
    /// Whose.
    pub author: UserId,
    /// The secret in the addresses of its pictures.
    pub secret: AddressSecret,
    /// How many media it has or had.
    pub media: usize,
    /// The references of its rendered media to stored bytes.
    #[serde(default)]
    pub blob_refs: Vec<BlobRef>,
}

/// The removal of a comment by the author of its photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// The comment.
    pub comment: CommentPath,
    /// Who wrote it.
    pub writer: UserId,
}

impl From<&Photo> for Remains {
    fn from(photo: &Photo) -> Self {
        let blob_refs = photo.blob_refs();
        let (author, secret) = (photo.author, photo.secret);
        Self { photo: photo.id, author, secret, media: photo.media.len(), blob_refs }
    }
}

impl Change {
    /// Reads a stream record from its old and new image; `None` when nothing is derived from it.
    pub fn read(old: Option<&Item>, new: Option<&Item>) -> Result<Option<Self>> {
        let Some(key) = new.or(old).and_then(key) else { return Ok(None) };
        if let Some((relation, End::Source)) = edge_of(&key, None) {
            return Ok(match (old, new) {
                (Some(old), None) if let Relation::Comment(user, comment) = relation => {
                    let Comment { author, answers, told, .. } = parse(old)?;
                    Some(Self::Uncommented { user, comment, author, answers, told })
                }
                (None, Some(new)) => Said::read(relation, new)?.map(Self::Said),
                (Some(_), None) => Some(Self::TakenBack(relation)),
                _ => None,
            });
        }
        Ok(match (key, old, new) {
            (ItemKey::Pair(by, about), old, Some(new)) => {
                let before = old.map(parse::<Pair>).transpose()?.unwrap_or_default();
                let after = parse::<Pair>(new)?;
                // A write says one thing: whoever switches a bell says nothing else.
                if after.derives_as(&before) {
                    (after.bell != before.bell).then_some(Self::Bell { by, about })
                } else {
                    Some(Self::Paired { by, about })
                }
            }
            (ItemKey::Photo(photo), None, Some(_)) => Some(Self::Drafted { photo }),
            (ItemKey::Photo(_), Some(old), Some(new)) => Self::processed(&parse(old)?, &parse(new)?),
            (ItemKey::Photo(_), Some(old), None) => Some(Self::Deleted((&parse::<Photo>(old)?).into())),
            (ItemKey::ProfilePicture(user), Some(_), None) => Some(Self::PictureRemoved { user }),
            (ItemKey::MailLink(user, purpose, link), None, Some(_)) => {
                Some(Self::Linked { user, purpose, link })
            }
            (ItemKey::PasswordChange(user, at), None, Some(_)) => Some(Self::PasswordChanged { user, at }),
            (ItemKey::Session(user, session), None, Some(_)) => {
                let session = SessionId::parse(&session).filter(|session| !session.is_of_registration(user));
                session.map(|session| Self::LoggedIn { user, session })
            }
            (ItemKey::User(user), Some(old), Some(new)) => {
                let (before, after) = (parse::<Privacy>(old)?, parse::<Privacy>(new)?);
                let mark = after.rebuild.filter(|mark| before.rebuild != Some(*mark));
                mark.map(|mark| Self::Switched { user, mark })
            }
            (ItemKey::Removal(_, comment), None, Some(new)) => {
                Some(Self::Removed(Removal { comment, writer: parse::<comment::Removal>(new)?.writer }))
            }
            (ItemKey::FeedState(reader), old, Some(new)) => {
                let before = old.map(parse::<Reader>).transpose()?.and_then(|state| state.rebuild);
                let mark = parse::<Reader>(new)?.rebuild.filter(|mark| before != Some(*mark));
                mark.map(|mark| Self::Returned { reader, mark })
            }
            _ => None,
        })
    }

    fn processed(old: &Photo, new: &Photo) -> Option<Self> {
        match (old.state, new.state) {
            (State::Processing, State::Ready) => {
                let (hashes, audience_since) = (new.perceptual_hashes(), new.audience_since);
                Some(Self::Ready { photo: new.id, author: new.author, hashes, audience_since })
            }
            (State::Processing, State::Failed) => Some(Self::Failed(new.into())),
            _ => None,
        }
    }

    /// Returns the state of the derived edge that the change decides, if any.
    fn edge(&self) -> Option<EdgeState> {
        match self {
            Self::Said(said) => Some(said.state()),
            Self::TakenBack(relation) => Some(EdgeState::since(*relation, None)),
            Self::Uncommented { user, comment, .. } => Some(EdgeState::comment(*user, *comment, None)),
            Self::Ready { photo, author, hashes, .. } => {
                Some(EdgeState::timeline(*author, *photo, Some(hashes)))
            }
            Self::Deleted(Remains { photo, author, .. }) => Some(EdgeState::timeline(*author, *photo, None)),
            Self::Paired { .. }
            | Self::Bell { .. }
            | Self::Drafted { .. }
            | Self::Failed(_)
            | Self::Removed(_)
            | Self::PictureRemoved { .. }
            | Self::Returned { .. }
            | Self::Switched { .. }
            | Self::Linked { .. }
            | Self::PasswordChanged { .. }
            | Self::LoggedIn { .. } => None,
        }
    }

    /// Returns the photo that somebody likes with the change, or likes no more, if any.
    pub fn liked(&self) -> Option<PhotoId> {
        match self.edge()?.relation {
            Relation::Like(_, photo) => Some(photo),
            _ => None,
        }
    }

    /// Returns the photo whose processing begins (true) or ends (false) with the change, if any.
    fn processing(&self) -> Option<(PhotoId, bool)> {
        match self {
            Self::Drafted { photo } => Some((*photo, true)),
            Self::Ready { photo, .. }
            | Self::Failed(Remains { photo, .. })
            | Self::Deleted(Remains { photo, .. }) => Some((*photo, false)),
            Self::Said(_)
            | Self::TakenBack(_)
            | Self::Paired { .. }
            | Self::Bell { .. }
            | Self::Uncommented { .. }
            | Self::Removed(_)
            | Self::PictureRemoved { .. }
            | Self::Returned { .. }
            | Self::Switched { .. }
            | Self::Linked { .. }
            | Self::PasswordChanged { .. }
            | Self::LoggedIn { .. } => None,
        }
    }

    /// Returns the items that its derivation writes and that no two groups may write at once.
    ///
    /// The item that is likelier to be contended comes first.
    pub fn touches(&self) -> Vec<ItemKey> {
        let relation = self.edge().map(|edge| edge.relation);
        let counters = relation.into_iter().flat_map(|relation| describe(relation).counters);
        // Replies and likes count on a comment, so that it is an edge and a counted item.
        let comment = match relation {
            Some(Relation::Comment(_, path)) => Some(ItemKey::Threaded(path)),
            _ => None,
        };
        let rows = self.processing().into_iter().map(|(photo, _)| processing::key(photo));
        counters
            .map(Counter::item)
            .chain(comment)
            .chain(rows)
            .chain(self.circles())
            .chain(self.bell())
            .collect()
    }

    /// Returns the circles that the change renews. Many may block the same person at once, so theirs is first.
    fn circles(&self) -> Vec<ItemKey> {
        match self {
            Self::Paired { by, about } => vec![ItemKey::Circle(*about), ItemKey::Circle(*by)],
            _ => Vec::new(),
        }
    }

    /// Returns the derived edge of the bell that the change switches.
    fn bell(&self) -> Option<ItemKey> {
        match self {
            Self::Bell { by, about } => Some(ItemKey::Bell(*about, *by)),
            _ => None,
        }
    }

    /// Returns the events that are published of it.
    pub fn events(&self) -> Vec<Event> {
        match self {
            Self::Said(said) => said.events(),
            other => other.event().into_iter().collect(),
        }
    }

    fn event(&self) -> Option<Event> {
        match self {
            Self::TakenBack(relation) => taken_back(*relation),
            Self::Uncommented { user, comment, author, answers, told } => Some(Event::CommentRemoved {
                comment: *comment,
                author_id: *author,
                user_id: *user,
                answers: *answers,
                told: told.clone(),
            }),
            Self::Ready { photo, author, .. } => {
                Some(Event::PhotoReady { photo_id: *photo, author_id: *author, followers: HashRange::ALL })
            }
            Self::Failed(Remains { photo, author, secret, media, blob_refs }) => Some(Event::PhotoFailed {
                photo_id: *photo,
                author_id: *author,
                secret: *secret,
                media: *media,
                blob_refs: blob_refs.clone(),
            }),
            Self::Deleted(Remains { photo, author, secret, media, blob_refs }) => Some(Event::PhotoDeleted {
                photo_id: *photo,
                author_id: *author,
                secret: *secret,
                media: *media,
                blob_refs: blob_refs.clone(),
                followers: HashRange::ALL,
            }),
            Self::PictureRemoved { user } => Some(Event::PictureRemoved { user_id: *user }),
            Self::Returned { reader, mark } => Some(Event::ReaderReturned { user_id: *reader, mark: *mark }),
            Self::Switched { user, mark } => {
                let part = AudiencePart::default();
                Some(Event::AudienceChanged { user_id: *user, mark: *mark, part })
            }
            Self::Linked { user, purpose, link } => {
                Some(Event::LinkAdded { user_id: *user, purpose: *purpose, link: link.clone() })
            }
            Self::PasswordChanged { user, at } => Some(Event::PasswordChanged { user_id: *user, at: *at }),
            Self::LoggedIn { user, session } => {
                Some(Event::SessionAdded { user_id: *user, session_id: session.clone() })
            }
            Self::Said(_)
            | Self::Paired { .. }
            | Self::Bell { .. }
            | Self::Removed(_)
            | Self::Drafted { .. } => None,
        }
    }

    /// Returns whether nothing is published of it, because one of the items that are `gone` took it along, and
    /// an event of that item's speaks for it; or because a block ended the source edge before it was derived.
    pub fn went_along(&self, gone: &BTreeSet<ItemKey>) -> bool {
        match self {
            Self::Said(said) => said.is_lost(gone) || gone.contains(&describe(said.relation()).source),
            Self::TakenBack(relation) => ends_with(*relation).is_some_and(|item| gone.contains(&item)),
            _ => false,
        }
    }
}

/// Writes everything that is derived from the changes. With [`Order::InOrder`] they must come in the order
/// in which they happened. Returns the items that are gone: counted ones, and source edges that a block
/// forbids.
///
/// Costs what [`settle`] costs, 2 RRU for each follow, 4 for each request to follow, 1 WRU for each photo whose
/// processing begins or ends, 1 RRU for each photo that becomes ready, and for each pair what renewing two circles
/// ([`circle::renew`]) and ending follows cost, and for each bell what [`bell::renew`] costs. And 1 WRU for each KiB of a comment that the author of its photo
/// removed, or that was written when photo or comment were gone.
/// All of it is idempotent, and all of it is retried after a failure. The row of a photo in processing is not
/// checked against the photo. A row that is added too late stays behind until `sweep` removes it.
///
/// # Errors
/// As [`settle`].
pub async fn apply<'a>(
    table: &Table,
    changes: impl IntoIterator<Item = &'a Change>,
    order: Order,
) -> Result<BTreeSet<ItemKey>> {
    let (mut edges, mut processing) = (Vec::new(), BTreeMap::new());
    let (mut ready, mut asked) = (Vec::new(), Vec::new());
    let (mut between, mut pairs, mut bells) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    let (mut said, mut removed) = (Vec::new(), Vec::new());
    for change in changes {
        edges.extend(change.edge());
        processing.extend(change.processing());
        match change {
            Change::Ready { photo, author, audience_since, .. } => {
                ready.push((*author, *photo, *audience_since));
            }
            Change::Said(one @ Said::Request(asker, user, Follow { at, .. })) => {
                between.insert(one.relation(), *at);
                asked.push((*asker, *user));
            }
            Change::Said(one @ Said::Follow(.., Follow { at, .. })) => {
                between.insert(one.relation(), *at);
            }
            Change::Said(one) => said.push(one),
            Change::Removed(Removal { comment, writer }) => removed.push(ItemKey::Comment(*writer, *comment)),
            Change::Paired { by, about } => drop(pairs.insert((*by, *about))),
            Change::Bell { by, about } => drop(bells.insert((*by, *about))),
            _ => {}
        }
    }
    let forbidden = Box::pin(endings::forbidden(table, &between, order)).await?;
    edges.retain(|edge| !(edge.is_there() && forbidden.contains(&edge.relation)));
    let mut gone = settle(table, edges, order).await?;
    // What somebody says under a photo or comment that is gone is taken back, because nobody sees it.
    let lost =
        said.into_iter().filter(|said| said.is_lost(&gone)).map(|said| describe(said.relation()).source);
    for source in removed.into_iter().chain(lost) {
        table.delete_existing(&source).await?;
    }
    gone.extend(forbidden.into_iter().map(|relation| describe(relation).source));
    // The account is read after its timeline and its list of requests are written. A switch that does not find
    // them there was made before, and is found here.
    for (author, photo, since) in ready {
        privacy::catch_up(table, author, photo, since).await?;
    }
    for (asker, user) in asked {
        request::accept_if_public(table, asker, user).await?;
    }
    for (by, about) in pairs {
        // On the heap, because hardly a change needs these futures, which are large.
        Box::pin(circle::renew(table, by, about)).await?;
        Box::pin(endings::apply(table, by, about, order)).await?;
    }
    for (by, about) in bells {
        bell::renew(table, by, about).await?;
    }
    for (photo, begins) in processing {
        if begins {
            processing::add(table, photo).await?;
        } else {
            processing::remove(table, photo).await?;
        }
    }
    Ok(gone)
}

fn key(item: &Item) -> Option<ItemKey> {
    let text = |attribute| match item.get(attribute) {
        Some(serde_dynamo::AttributeValue::S(text)) => Some(text),
        _ => None,
    };
    ItemKey::parse(text(PK)?, text(SK)?)
}

pub(crate) fn parse<T: serde::de::DeserializeOwned>(item: &Item) -> Result<T> {
    serde_dynamo::from_item(item.clone()).map_err(Error::unreadable)
}
