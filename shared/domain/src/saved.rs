//! Saved photos: what somebody keeps for themselves, and the collections that they sort it into.

use crate::text::{Invalid, shown_name};

/// Most collections of one account.
pub const MAX_COLLECTIONS: usize = 100;

/// Parses the name of a collection: at most 50 characters in one line, at least one of them visible.
pub fn parse_collection_name(text: &str) -> Result<String, Invalid> {
    let (too_long, invisible) = ("collection_name_too_long", "collection_name_invisible");
    let name = shown_name(text, 50, too_long, invisible, "A collection's name")?;
    name.ok_or_else(|| Invalid::new("collection_name_missing", "A collection has a name."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collection_has_a_name_of_which_something_is_visible() {
        let name = |text: &str| parse_collection_name(text).map_err(|invalid| invalid.code);
        assert_eq!(name(" By the\nsea 🌊 "), Ok("By the sea 🌊".into()));
        assert_eq!(name(&"a".repeat(50)), Ok("a".repeat(50)));
        assert_eq!(name(&"a".repeat(51)), Err("collection_name_too_long"));
        assert_eq!(name("\u{200b}"), Err("collection_name_invisible"));
        assert_eq!(name("  "), Err("collection_name_missing"));
    }
}
