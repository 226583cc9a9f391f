//! Users by the name or id that a client sends, and pages of users as a viewer sees them.

use std::future::Future;

use domain::account::UserName;
use domain::user::User;
use domain::visibility::Followings;
use domain::{UserId, quota};

use crate::sight::Viewer;
use crate::{Page, Result, Table, follow, followings, user};

/// Rounds of refilling a page from which deleted accounts are missing. After them, a short page with a
/// position is better than a slow one.
const ROUNDS: usize = 8;

/// Returns the user that `text` names. `@name` is read from the table (0.5 RRU); an id is not checked.
///
/// A name that nobody has leads to an id that nobody has. So it takes as long as the name of somebody hidden.
pub async fn named(table: &Table, text: &str) -> Result<Option<UserId>> {
    let Some(name) = text.strip_prefix('@') else { return Ok(text.parse().ok()) };
    let Ok(name) = UserName::parse(name) else { return Ok(None) };
    let found = user::by_name(table, &name.folded()).await?;
    Ok(Some(found.unwrap_or_else(|| quota::stand_in(&format!("nobody is named {}", name.folded())))))
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
    let (viewer, followings, first) =
        futures::try_join!(Viewer::get(table, viewer), followings::get(table, viewer), ids(after, count),)?;
    page_from(table, (&viewer, &followings), count, after, first, ids).await
}

/// Reads the same page where its `first` ids, the viewer and whom they follow are read already.
pub async fn page_from<F>(
    table: &Table,
    (viewer, followings): (&Viewer, &Followings),
    count: usize,
    after: Option<UserId>,
    first: Page<UserId>,
    ids: impl Fn(Option<UserId>, usize) -> F,
) -> Result<People>
where
    F: Future<Output = Result<Page<UserId>>>,
{
    let mut users = Vec::with_capacity(count);
    let (mut last, mut page) = (after, first);
    for _ in 1..=ROUNDS {
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
        page = ids(last, count).await?;
    }
    Ok(People { users, next: last })
}
