//! Users by the name or id that a client sends, and pages of users as a viewer sees them.

use std::future::Future;

use domain::UserId;
use domain::account::UserName;
use domain::user::User;

use crate::sight::Viewer;
use crate::{Page, Result, Table, follow, followings, user};

/// Rounds of refilling a page from which deleted accounts are missing. After them, a short page with a
/// position is better than a slow one.
const ROUNDS: usize = 8;

/// Returns the user that `text` names. `@name` is read from the table (0.5 RRU); an id is not checked.
pub async fn named(table: &Table, text: &str) -> Result<Option<UserId>> {
    match text.strip_prefix('@') {
        Some(name) => by_name(table, name).await,
        None => Ok(text.parse().ok()),
    }
}

/// Returns the user who has a user name, in any case. 0.5 RRU; nothing is read for a text that is no name.
pub async fn by_name(table: &Table, name: &str) -> Result<Option<UserId>> {
    match UserName::parse(name) {
        Ok(name) => user::by_name(table, &name.folded()).await,
        Err(_) => Ok(None),
    }
}

/// A user in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The user.
    pub user: User,
    /// Whether the viewer of the list follows them.
    pub followed: bool,
}

/// A page of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct People {
    /// The users, in the list's order.
    pub users: Vec<Person>,
    /// The user after whom the list continues; none at its end.
    pub next: Option<UserId>,
}

/// Reads up to `count` users of a list after `after`, and whom of them `viewer` follows. People whom a block
/// hides from the viewer are not in it.
///
/// `ids` reads the list, given after whom and how many. Deleted accounts and hidden people are skipped, and the
/// page is refilled. 0.5 RRU for each account, 1 RRU for whom the viewer blocks and follows, which are read
/// beside the list, and the cost of the list. A viewer who follows more than their packed followings hold costs
/// 0.5 RRU more for each whom these do not name.
pub async fn page<F>(
    table: &Table,
    viewer: UserId,
    count: usize,
    after: Option<UserId>,
    ids: impl Fn(Option<UserId>, usize) -> F,
) -> Result<People>
where
    F: Future<Output = Result<Page<UserId>>>,
{
    let mut users = Vec::with_capacity(count);
    let mut last = after;
    let (viewer, followings, mut page) =
        futures::try_join!(Viewer::get(table, viewer), followings::get(table, viewer), ids(last, count),)?;
    for round in 0..ROUNDS {
        if round > 0 {
            page = ids(last, count).await?;
        }
        let unsure: Vec<UserId> =
            page.items.iter().filter(|id| followings.holds(**id).is_none()).copied().collect();
        let (mut found, followed, hidden) = futures::try_join!(
            user::get_all(table, &page.items),
            follow::followed_among(table, viewer.id, &unsure),
            viewer.hidden_among(table, &page.items),
        )?;
        for id in std::mem::take(&mut page.items) {
            if users.len() == count {
                return Ok(People { users, next: last });
            }
            let user = found.remove(&id).filter(|_| !hidden.contains(&id));
            let followed = followings.holds(id).unwrap_or_else(|| followed.contains(&id));
            users.extend(user.map(|user| Person { user, followed }));
            last = Some(id);
        }
        if !page.more {
            return Ok(People { users, next: None });
        }
        if users.len() == count {
            break;
        }
    }
    Ok(People { users, next: last })
}
