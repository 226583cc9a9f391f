//! The languages in which mails and pushed notifications are written.

use serde::{Deserialize, Serialize};

/// A language of mails and pushed notifications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English, unless something else is asked for.
    #[default]
    En,
    /// German.
    De,
}

impl Language {
    /// Both.
    pub const ALL: [Self; 2] = [Self::En, Self::De];

    /// Returns the language of a tag such as `de-AT` (RFC 5646), if it is one of these.
    pub fn of_tag(tag: &str) -> Option<Self> {
        match tag.split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "en" => Some(Self::En),
            "de" => Some(Self::De),
            _ => None,
        }
    }

    /// Returns the language that an `Accept-Language` header prefers among these (RFC 9110, 12.5.4).
    pub fn preferred(header: Option<&str>) -> Self {
        let mut best = (0.0, Self::default());
        for range in header.unwrap_or_default().split(',').take(20) {
            let (tag, parameter) = range.split_once(';').unwrap_or((range, ""));
            let language = match tag.trim() {
                "*" => Self::default(),
                tag => match Self::of_tag(tag) {
                    Some(language) => language,
                    None => continue,
                },
            };
            let weight = parameter.trim().strip_prefix("q=").map_or(Some(1.0), |text| text.parse().ok());
            // Of languages that are preferred alike, the first.
            if let Some(weight) = weight.filter(|weight: &f32| *weight > best.0 && *weight <= 1.0) {
                best = (weight, language);
            }
        }
        best.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_language_is_taken_and_english_without_one() {
        for (header, wanted) in [
            ("", Language::En),
            ("fr", Language::En),
            ("de", Language::De),
            ("DE-at", Language::De),
            ("de-DE,de;q=0.9,en;q=0.8", Language::De),
            ("en-US,en;q=0.9,de;q=0.8", Language::En),
            ("fr, de;q=0.4, en;q=0.5", Language::En),
            ("en;q=0.1, de;q=0.2", Language::De),
            ("de;q=0, fr", Language::En),
            ("de;q=x, de;q=9, *", Language::En),
            (&"fr,".repeat(100_000), Language::En),
        ] {
            assert_eq!(Language::preferred(Some(header)), wanted, "{}", &header[..header.len().min(40)]);
        }
        assert_eq!(Language::preferred(None), Language::En);
    }
}
