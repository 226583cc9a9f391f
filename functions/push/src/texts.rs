//! What is said of a row, in each language.

use domain::inbox::{Row, Subject};
use domain::language::Language;

/// What a device shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    /// What kind of news it is.
    pub(crate) title: &'static str,
    /// Who did what.
    pub(crate) body: String,
}

/// How a kind is said.
struct Words {
    title: &'static str,
    titles: &'static str,
    /// After one name, and after several.
    one: &'static str,
    several: &'static str,
}

impl Text {
    /// Returns what is said of a row about `subject`.
    pub(crate) fn new(subject: Subject, row: &Row, language: Language) -> Self {
        let Words { title, titles, one, several } = words(subject, language);
        let others = row.actor_count.saturating_sub(1);
        let (title, did) = if others == 0 { (title, one) } else { (titles, several) };
        if subject.is_security() {
            return Self { title, body: did.to_owned() };
        }
        Self { title, body: format!("{} {did}", who(row, language)) }
    }

    /// Returns what is said after quiet hours.
    pub(crate) fn unread(unread: u64, language: Language) -> Self {
        let title = match language {
            Language::En => "Quiet hours are over",
            Language::De => "Die Ruhezeit ist vorbei",
        };
        let body = match (unread, language) {
            (1, Language::En) => "1 unread notification".to_owned(),
            (1, Language::De) => "1 ungelesene Mitteilung".to_owned(),
            (_, Language::En) => format!("{unread} unread notifications"),
            (_, Language::De) => format!("{unread} ungelesene Mitteilungen"),
        };
        Self { title, body }
    }
}

/// Returns who is in a row: one name, two, or one and how many others.
fn who(row: &Row, language: Language) -> String {
    let mut names = row.actors.iter().map(|actor| actor.username.as_str());
    let (and, somebody) = match language {
        Language::En => ("and", "Somebody"),
        Language::De => ("und", "Jemand"),
    };
    let first = names.next().unwrap_or(somebody);
    let others = row.actor_count.saturating_sub(1);
    match (others, names.next(), language) {
        (0, _, _) => first.to_owned(),
        (1, Some(second), _) => format!("{first} {and} {second}"),
        (1, None, Language::En) => format!("{first} and 1 other"),
        (1, None, Language::De) => format!("{first} und 1 weitere Person"),
        (_, _, Language::En) => format!("{first} and {others} others"),
        (_, _, Language::De) => format!("{first} und {others} weitere Personen"),
    }
}

/// Returns what is said of what concerns the safety of the account: what happened, and what to do about it.
fn notice(subject: Subject, language: Language) -> Words {
    let (title, advice) = match (subject, language) {
        (Subject::Password(_), Language::En) => {
            ("Your password was changed", "If this was not you, set a new one at once.")
        }
        (Subject::Password(_), Language::De) => {
            ("Dein Passwort wurde geändert", "Wenn du das nicht warst, setze sofort ein neues.")
        }
        (_, Language::En) => {
            ("New login to your account", "If this was not you, end the session and change your password.")
        }
        (_, Language::De) => (
            "Neue Anmeldung in deinem Konto",
            "Wenn du das nicht warst, beende die Sitzung und ändere dein Passwort.",
        ),
    };
    Words { title, titles: title, one: advice, several: advice }
}

fn words(subject: Subject, language: Language) -> Words {
    let (title, titles, one, several) = match (subject, language) {
        (Subject::Like(_), Language::En) => ("New like", "New likes", "likes your photo", "like your photo"),
        (Subject::Like(_), Language::De) => {
            ("Neues „Gefällt mir“", "Neue „Gefällt mir“", "mag dein Foto", "mögen dein Foto")
        }
        (Subject::Comment(_), Language::En) => {
            ("New comment", "New comments", "commented on your photo", "commented on your photo")
        }
        (Subject::Comment(_), Language::De) => {
            ("Neuer Kommentar", "Neue Kommentare", "hat dein Foto kommentiert", "haben dein Foto kommentiert")
        }
        (Subject::Reply(_), Language::En) => {
            ("New reply", "New replies", "replied to your comment", "replied to your comment")
        }
        (Subject::Reply(_), Language::De) => (
            "Neue Antwort",
            "Neue Antworten",
            "hat auf deinen Kommentar geantwortet",
            "haben auf deinen Kommentar geantwortet",
        ),
        (Subject::Mention(_), Language::En) => (
            "You were mentioned",
            "You were mentioned",
            "mentioned you in a comment",
            "mentioned you in a comment",
        ),
        (Subject::Mention(_), Language::De) => (
            "Du wurdest erwähnt",
            "Du wurdest erwähnt",
            "hat dich in einem Kommentar erwähnt",
            "haben dich in einem Kommentar erwähnt",
        ),
        (Subject::CommentLike(_), Language::En) => {
            ("New like", "New likes", "likes your comment", "like your comment")
        }
        (Subject::CommentLike(_), Language::De) => {
            ("Neues „Gefällt mir“", "Neue „Gefällt mir“", "mag deinen Kommentar", "mögen deinen Kommentar")
        }
        (Subject::Follow, Language::En) => ("New follower", "New followers", "follows you", "follow you"),
        (Subject::Follow, Language::De) => ("Neuer Follower", "Neue Follower", "folgt dir", "folgen dir"),
        (Subject::Request, Language::En) => {
            ("New request", "New requests", "wants to follow you", "want to follow you")
        }
        (Subject::Request, Language::De) => {
            ("Neue Anfrage", "Neue Anfragen", "möchte dir folgen", "möchten dir folgen")
        }
        (Subject::Acceptance, Language::En) => {
            ("Request accepted", "Requests accepted", "accepted your request", "accepted your request")
        }
        (Subject::Acceptance, Language::De) => (
            "Anfrage angenommen",
            "Anfragen angenommen",
            "hat deine Anfrage angenommen",
            "haben deine Anfrage angenommen",
        ),
        (Subject::Session(_) | Subject::Password(_), _) => return notice(subject, language),
    };
    Words { title, titles, one, several }
}

#[cfg(test)]
mod tests {
    use domain::inbox::Actor;
    use domain::{CommentId, CommentPath, PhotoId, Timestamp, UserId};

    use super::*;

    #[test]
    fn texts_look_like_this() {
        let photo = PhotoId::try_from(1).unwrap();
        let comment = CommentPath::new(photo, CommentId::try_from(7).unwrap());
        let actor = |number, name: &str| Actor {
            at: Timestamp(number),
            user_id: UserId::try_from(u64::try_from(number).unwrap()).unwrap(),
            username: name.into(),
        };
        let rows = [
            (vec![actor(1, "ann")], 1),
            (vec![actor(2, "bob"), actor(1, "ann")], 2),
            (vec![actor(1, "ann")], 2),
            (vec![actor(2, "bob"), actor(1, "ann")], 1_000),
        ]
        .map(|(actors, actor_count)| Row { actors, actor_count });
        let subjects = [
            Subject::Like(photo),
            Subject::Comment(photo),
            Subject::Reply(comment),
            Subject::Mention(comment),
            Subject::CommentLike(comment),
            Subject::Follow,
            Subject::Request,
            Subject::Acceptance,
            Subject::Session(Timestamp(7)),
            Subject::Password(Timestamp(7)),
        ];
        let each = |language| {
            let rows = subjects.iter().flat_map(|subject| rows.iter().map(move |row| (*subject, row)));
            let unread = [1, 7].map(|unread| Text::unread(unread, language));
            rows.map(move |(subject, row)| Text::new(subject, row, language)).chain(unread)
        };
        let said = Language::ALL.into_iter().flat_map(each);
        let said: Vec<String> = said.map(|Text { title, body }| format!("{title}: {body}")).collect();
        insta::assert_snapshot!(said.join("\n"));
    }
}
