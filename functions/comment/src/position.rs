//! Where a list of comments in the order of the top ones goes on.

use std::fmt;
use std::str::FromStr;

use domain::CommentId;
use domain::id::NotAnId;
use table::comment::Ranked;

/// A position in the list. It names the last comment that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// Among the top comments, with its score. The list may have changed since: it goes on below that score.
    Top(Ranked),
    /// Among the others, newest first.
    Newest(CommentId),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top(Ranked { score, comment }) => write!(f, "top.{score}.{comment}"),
            Self::Newest(comment) => write!(f, "newest.{comment}"),
        }
    }
}

impl FromStr for Position {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let (kind, rest) = text.split_once('.').ok_or(NotAnId)?;
        match (kind, rest.split_once('.')) {
            ("top", Some((score, comment))) => {
                let score = score.parse().map_err(|_| NotAnId)?;
                Ok(Self::Top(Ranked { score, comment: comment.parse()? }))
            }
            ("newest", None) => Ok(Self::Newest(rest.parse()?)),
            _ => Err(NotAnId),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_is_written() {
        let comment = CommentId::try_from(7).unwrap();
        for (position, text) in [
            (Position::Top(Ranked { score: 3, comment }), "top.3.7"),
            (Position::Newest(comment), "newest.7"),
        ] {
            assert_eq!(position.to_string(), text);
            assert_eq!(text.parse(), Ok(position));
        }
        for bad in ["", "top.7", "newest", "newest.3.7", "other.7", "top.x.7"] {
            assert!(bad.parse::<Position>().is_err(), "{bad}");
        }
    }
}
