//! What mails say, in each language: plain text, and the same as HTML.

use std::collections::BTreeMap;

use domain::language::Language;

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An address is to be proved.
    Proof,
    /// Somebody registered with an address that belongs to another account: to its owner.
    Notice,
    /// A new password is to be set.
    Reset,
    /// The password was changed.
    Changed,
}

/// The text of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The subject line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// Where a mail program unsubscribes for its user (RFC 8058), if that can be.
    pub unsubscribe: Option<String>,
}

/// The parts of a letter.
struct Parts {
    subject: &'static str,
    /// Before the link.
    why: &'static str,
    /// The link's words, in HTML.
    button: &'static str,
    /// After the link.
    more: &'static str,
}

/// What the daily mail is made of.
#[derive(Clone, Copy, Debug)]
pub struct Digest<'a> {
    /// How many people did what, by kind of notification.
    pub counts: &'a BTreeMap<&'static str, u64>,
    /// The page of the web client that lists it.
    pub list: &'a str,
    /// The page of the web client that switches the mail off, for whoever holds its token.
    pub off: &'a str,
    /// Where a mail program switches it off.
    pub unsubscribe: &'a str,
}

impl Letter {
    /// Returns the letter in a language, with its link if it has one.
    pub fn new(subject: Subject, language: Language, link: Option<&str>) -> Self {
        let Parts { subject, why, button, more } = parts(subject, language);
        let (text_link, html_link) = match link {
            Some(link) => (format!("{link}\n\n"), button_html(button, link)),
            None => (String::new(), String::new()),
        };
        let text = format!("{why}\n\n{text_link}{more}\n\nlambdagram\n");
        let body = format!("<p>{}</p>\n{html_link}<p>{}</p>\n", escaped(why), escaped(more));
        Self { subject: subject.to_owned(), text, html: page(language, subject, &body), unsubscribe: None }
    }

    /// Returns the daily mail in a language. It says how many, and never who: a mail holds no text that somebody
    /// wrote.
    pub fn digest(language: Language, digest: Digest<'_>) -> Self {
        let Digest { counts, list, off, unsubscribe } = digest;
        let DigestParts { subject, why, button, until } = digest_parts(language);
        let lines: Vec<String> =
            counts.iter().map(|(kind, count)| format!("{}: {count}", kind_name(kind, language))).collect();
        let text = format!("{why}\n\n- {}\n\n{list}\n\n{until}\n\n{off}\n\nlambdagram\n", lines.join("\n- "));
        let items: Vec<String> = lines.iter().map(|line| format!("<li>{}</li>\n", escaped(line))).collect();
        let body = format!(
            "<p>{}</p>\n<ul>\n{}</ul>\n{}<p>{}</p>\n\
             <p style=\"overflow-wrap:anywhere\"><a href=\"{off}\">{off}</a></p>\n",
            escaped(why),
            items.concat(),
            button_html(button, list),
            escaped(until),
            off = escaped(off)
        );
        Self {
            subject: subject.to_owned(),
            text,
            html: page(language, subject, &body),
            unsubscribe: Some(unsubscribe.to_owned()),
        }
    }
}

/// Returns a link that looks like a button, and its address below.
fn button_html(words: &str, link: &str) -> String {
    let style = "display:inline-block;padding:12px 20px;border-radius:8px;background:#0b57d0;color:#ffffff;\
                 text-decoration:none";
    let (words, href) = (escaped(words), escaped(link));
    format!(
        "<p><a href=\"{href}\" style=\"{style}\">{words}</a></p>\n<p style=\"overflow-wrap:anywhere\">{href}</p>\n"
    )
}

/// Returns a whole document. `body` is HTML.
fn page(language: Language, title: &str, body: &str) -> String {
    let code = match language {
        Language::En => "en",
        Language::De => "de",
    };
    format!(
        "<!doctype html>\n<html lang=\"{code}\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{}</title></head>\n\
         <body style=\"font-family:sans-serif;line-height:1.5;max-width:36em;margin:auto;padding:1em\">\n\
         {body}<p>lambdagram</p>\n</body>\n</html>\n",
        escaped(title)
    )
}

/// The parts of the daily mail.
struct DigestParts {
    subject: &'static str,
    /// Before the counts.
    why: &'static str,
    /// The words of the link to the list.
    button: &'static str,
    /// Before the address at which it is switched off.
    until: &'static str,
}

fn digest_parts(language: Language) -> DigestParts {
    match language {
        Language::En => DigestParts {
            subject: "What is new on lambdagram",
            why: "This is new since you last looked:",
            button: "Look at it",
            until: "You get this mail once a day when there is something new, because you asked for it. Switch it off here:",
        },
        Language::De => DigestParts {
            subject: "Neues bei lambdagram",
            why: "Das ist neu, seit du zuletzt nachgesehen hast:",
            button: "Ansehen",
            until: "Du bekommst diese Mail einmal am Tag, wenn es etwas Neues gibt, weil du sie wolltest. Schalte sie hier ab:",
        },
    }
}

/// Returns what a kind of notification is called when it is counted.
fn kind_name(kind: &str, language: Language) -> &'static str {
    match (kind, language) {
        ("like", Language::En) => "Likes of your photos",
        ("like", Language::De) => "Likes für deine Fotos",
        ("comment", Language::En) => "Comments on your photos",
        ("comment", Language::De) => "Kommentare zu deinen Fotos",
        ("reply", Language::En) => "Replies to you",
        ("reply", Language::De) => "Antworten an dich",
        ("mention", Language::En) => "Mentions of you",
        ("mention", Language::De) => "Erwähnungen von dir",
        ("comment_like", Language::En) => "Likes of your comments",
        ("comment_like", Language::De) => "Likes für deine Kommentare",
        ("follow", Language::En) => "New followers",
        ("follow", Language::De) => "Neue Follower",
        ("request", Language::En) => "Requests to follow you",
        ("request", Language::De) => "Anfragen, dir zu folgen",
        ("acceptance", Language::En) => "Accepted requests of yours",
        ("acceptance", Language::De) => "Angenommene Anfragen von dir",
        ("session", Language::En) => "New logins to your account",
        ("session", Language::De) => "Neue Anmeldungen in deinem Konto",
        ("password", Language::En) => "Changes of your password",
        ("password", Language::De) => "Änderungen deines Passworts",
        (_, Language::En) => "Other news",
        (_, Language::De) => "Weitere Neuigkeiten",
    }
}

fn parts(subject: Subject, language: Language) -> Parts {
    match (subject, language) {
        (Subject::Proof, Language::En) => Parts {
            subject: "Confirm your e-mail address",
            why: "Somebody opened a lambdagram account with this e-mail address. If it was you, confirm the address:",
            button: "Confirm the address",
            more: "The link works for 24 hours. If it was not you, do nothing: an address that is not confirmed is not used.",
        },
        (Subject::Proof, Language::De) => Parts {
            subject: "Bestätige deine E-Mail-Adresse",
            why: "Jemand hat mit dieser E-Mail-Adresse ein Konto bei lambdagram eröffnet. Wenn du das warst, bestätige die Adresse:",
            button: "Adresse bestätigen",
            more: "Der Link gilt 24 Stunden. Wenn du das nicht warst, brauchst du nichts zu tun: Eine Adresse, die nicht bestätigt ist, wird nicht benutzt.",
        },
        (Subject::Notice, Language::En) => Parts {
            subject: "Somebody registered with your e-mail address",
            why: "Somebody opened a new lambdagram account with this e-mail address. The address belongs to your account, and stays there.",
            button: "",
            more: "If it was you, log in to your account instead. You can ask for a new password there. If it was not you, there is nothing to do.",
        },
        (Subject::Notice, Language::De) => Parts {
            subject: "Jemand hat sich mit deiner E-Mail-Adresse registriert",
            why: "Jemand hat mit dieser E-Mail-Adresse ein neues Konto bei lambdagram eröffnet. Die Adresse gehört zu deinem Konto, und dort bleibt sie.",
            button: "",
            more: "Wenn du das warst, melde dich an deinem Konto an. Dort kannst du auch ein neues Passwort anfordern. Wenn du das nicht warst, brauchst du nichts zu tun.",
        },
        (Subject::Reset, Language::En) => Parts {
            subject: "Set a new password",
            why: "Somebody asked for a new password of the lambdagram account with this e-mail address. If it was you, set it here:",
            button: "Set a new password",
            more: "The link works once, within an hour. All your devices are logged out then. If it was not you, do nothing: your password stays as it is.",
        },
        (Subject::Changed, Language::En) => Parts {
            subject: "Your password was changed",
            why: "The password of your lambdagram account was changed, and all other devices were logged out. If it was you, there is nothing to do. If it was not you, ask for a new password here:",
            button: "Ask for a new password",
            more: "Whoever changed it is logged out when you set a new one.",
        },
        (Subject::Changed, Language::De) => Parts {
            subject: "Dein Passwort wurde geändert",
            why: "Das Passwort deines Kontos bei lambdagram wurde geändert, und alle anderen Geräte wurden abgemeldet. Wenn du das warst, brauchst du nichts zu tun. Wenn du das nicht warst, fordere hier ein neues Passwort an:",
            button: "Neues Passwort anfordern",
            more: "Wer es geändert hat, wird abgemeldet, sobald du ein neues setzt.",
        },
        (Subject::Reset, Language::De) => Parts {
            subject: "Neues Passwort setzen",
            why: "Jemand hat für das Konto bei lambdagram mit dieser E-Mail-Adresse ein neues Passwort angefordert. Wenn du das warst, setze es hier:",
            button: "Neues Passwort setzen",
            more: "Der Link gilt einmal, innerhalb einer Stunde. Alle deine Geräte werden dann abgemeldet. Wenn du das nicht warst, brauchst du nichts zu tun: Dein Passwort bleibt, wie es ist.",
        },
    }
}

/// Returns a text as HTML, for content and for attributes in double quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_look_like_this() {
        let link = "https://example.org/prove#1.00ff";
        let letters = Language::ALL.map(|language| {
            [Subject::Proof, Subject::Notice, Subject::Reset, Subject::Changed].map(|subject| {
                let link = (subject != Subject::Notice).then_some(link);
                let Letter { subject, text, html, .. } = Letter::new(subject, language, link);
                format!("{subject}\n\n{text}\n{html}")
            })
        });
        insta::assert_snapshot!(letters.concat().join("----\n"));
    }

    #[test]
    fn a_link_is_escaped_in_html_and_whole_in_text() {
        let link = "https://example.org/?a=1&b=<\"'>#x";
        let letter = Letter::new(Subject::Proof, Language::En, Some(link));
        assert!(letter.text.contains(&format!("\n\n{link}\n\n")));
        assert!(letter.html.contains("href=\"https://example.org/?a=1&amp;b=&lt;&quot;&#39;&gt;#x\""));
        assert!(!letter.html.contains(link));
    }

    #[test]
    fn a_digest_counts_and_says_where_it_ends() {
        let counts = BTreeMap::from([("follow", 1), ("like", 12), ("reply", 2)]);
        let digest = Digest {
            counts: &counts,
            list: "https://example.org/activity",
            off: "https://example.org/unsubscribe#7.x",
            unsubscribe: "https://example.org/api/v1/auth/unsubscribe/7.x",
        };
        let letters = Language::ALL.map(|language| {
            let Letter { subject, text, html, unsubscribe } = Letter::digest(language, digest);
            format!("{subject}\n{}\n\n{text}\n{html}", unsubscribe.unwrap())
        });
        insta::assert_snapshot!(letters.join("----\n"));
        for language in Language::ALL {
            let other = kind_name("", language);
            assert!(domain::inbox::KINDS.iter().all(|kind| kind_name(kind, language) != other));
        }
    }

    #[test]
    fn a_notice_has_no_link() {
        for language in Language::ALL {
            let letter = Letter::new(Subject::Notice, language, None);
            assert!(!letter.text.contains("://") && !letter.html.contains("href"));
        }
    }
}
