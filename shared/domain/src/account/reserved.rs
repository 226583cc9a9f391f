//! User names that nobody may register: they look like a part of the product, or like its staff.
//!
//! The lists stand here and nowhere else. Letters that look alike are the same letter, and separators and
//! digits may have been added. Names of people among each other are free: `ann1` and `annl` are two people.

use std::collections::BTreeSet;

/// Parts of the product, and words that programs write for no name.
const PARTS: [&str; 18] = [
    "about",
    "account",
    "api",
    "auth",
    "everyone",
    "explore",
    "feed",
    "login",
    "logout",
    "me",
    "notifications",
    "null",
    "photos",
    "register",
    "settings",
    "stories",
    "undefined",
    "users",
];

/// Words by which people know the product's staff. They are reserved beside other words too: `help.anna`.
const STAFF: [&str; 11] = [
    "admin",
    "administrator",
    "help",
    "helpdesk",
    "moderator",
    "official",
    "root",
    "security",
    "staff",
    "support",
    "system",
];

/// Returns whether a user name is reserved, or cannot be told from one that is.
///
/// `product` is reserved within any other name.
pub(super) fn is_reserved(name: &str, product: &str) -> bool {
    let joined = skeleton(&name.replace(['.', '_'], ""));
    if joined.contains(&skeleton(product)) {
        return true;
    }
    // Digits may stand for letters, and they may separate words.
    let mut words =
        name.split(['.', '_']).chain(name.split(|character: char| !character.is_ascii_alphabetic()));
    reads_as_any(name, &PARTS) || reads_as_any(name, &STAFF) || words.any(|word| reads_as_any(word, &STAFF))
}

fn reads_as_any(name: &str, words: &[&str]) -> bool {
    words.iter().any(|word| reads_as(name, word))
}

/// Returns whether `name` is `word` but for letters that look alike, and for added separators and digits.
fn reads_as(name: &str, word: &str) -> bool {
    let word: Vec<char> = skeleton(word).chars().collect();
    let mut reached = BTreeSet::from([0]);
    for character in name.chars() {
        let may_be_added = !character.is_ascii_alphabetic();
        let mut next = BTreeSet::new();
        for start in reached {
            let alike = skeleton(&character.to_string());
            let is_next = alike.chars().enumerate().all(|(at, letter)| word.get(start + at) == Some(&letter));
            if is_next {
                next.insert(start + alike.len());
            }
            if may_be_added {
                next.insert(start);
            }
        }
        reached = next;
    }
    reached.contains(&word.len())
}

/// Returns the form that names of the same look share.
///
/// It is the skeleton of UTS #39 for the characters that a user name may have, after folding case: `1`, `I`
/// and `l` are one letter, so are `0` and `O`, and `rn` looks like `m`. Names are shown in both cases, so
/// `i` is `I`.
fn skeleton(text: &str) -> String {
    text.to_ascii_lowercase().replace('m', "rn").replace(['i', '1'], "l").replace('0', "o")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PRODUCT: &str = "lambdagram";

    #[test]
    fn look_alikes_separators_and_digits_make_no_other_name() {
        for name in [
            "Admin",
            "ADMlN",
            "adm1n",
            "a.d.m.i.n",
            "_admin_",
            "admin99",
            "4admin",
            "adrnin",
            "AdMi2n",
            "he1p",
            "he1p123",
            "0fficia1",
            "offic1al_",
            "l0g1n",
            "1ogin7",
            "m.e",
            "me2026",
            "rne",
            "nu11",
            "ro0t",
        ] {
            assert!(is_reserved(name, PRODUCT), "{name}");
        }
    }

    #[test]
    fn staff_like_names_are_reserved_beside_other_words() {
        for name in [
            "admin_anna",
            "anna.support",
            "help.desk",
            "Security_Team",
            "anna_0fficial",
            "anna7support7",
            "lambdagram_news",
            "LarnbdaGram",
            "the.lambda.gram",
            "real1ambdagram2",
        ] {
            assert!(is_reserved(name, PRODUCT), "{name}");
        }
    }

    #[test]
    fn names_of_people_are_free() {
        for name in [
            "ann1",
            "annl",
            "anna",
            "adminton",
            "helpful.hanna",
            "supporter",
            "rooted",
            "officially",
            "meme",
            "mel",
            "apiary",
            "feeder",
            "securityless",
            "gram.lambda",
            "john_doe",
            "user42",
            "0",
            "l1",
        ] {
            assert!(!is_reserved(name, PRODUCT), "{name}");
        }
    }

    /// The characters that a user name may have.
    fn characters() -> impl Iterator<Item = char> {
        ('a'..='z').chain('A'..='Z').chain('0'..='9').chain(['.', '_'])
    }

    #[test]
    fn what_uts_39_takes_for_alike_is_alike_here() {
        use unicode_security::confusable_detection::skeleton as of_unicode;
        let look = |character: char| of_unicode(&character.to_string()).collect::<String>();
        for one in characters() {
            for other in characters().filter(|other| look(one) == look(*other)) {
                assert_eq!(skeleton(&one.to_string()), skeleton(&other.to_string()), "{one} {other}");
            }
            let parts = look(one);
            if parts.len() > 1 {
                assert_eq!(skeleton(&one.to_string()), skeleton(&parts), "{one}");
            }
        }
    }

    proptest! {
        #[test]
        fn added_separators_and_digits_change_nothing(
            word in prop::sample::select(&STAFF[..]),
            added in prop::collection::vec(("[._0-9]{0,2}", any::<bool>()), 13),
            last in "[._0-9]{0,2}",
        ) {
            let mut name = String::new();
            for (letter, (before, is_upper)) in word.chars().zip(added) {
                name.push_str(&before);
                name.push(if is_upper { letter.to_ascii_uppercase() } else { letter });
            }
            name.push_str(&last);
            prop_assert!(is_reserved(&name, PRODUCT), "{}", name);
        }
    }
}
