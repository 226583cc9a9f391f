//! A function's settings, read from the environment once, at its start.

use std::fmt;
use std::str::FromStr;

/// Declares a function's settings: a struct whose fields are environment variables in lower case.
///
/// ```
/// runtime::config! {
///     /// Settings of this function.
///     pub struct Config {
///         /// Name of the table.
///         pub table_name: String,
///         /// How many followers make a celebrity.
///         pub celebrity_threshold: u32,
///     }
/// }
///
/// let variables = |name: &str| match name {
///     "TABLE_NAME" => Some("network".to_owned()),
///     "CELEBRITY_THRESHOLD" => Some("100000".to_owned()),
///     _ => None,
/// };
/// assert_eq!(Config::from_lookup(variables).unwrap().celebrity_threshold, 100_000);
/// ```
///
/// It defines `Config::from_env()` and, for tests, `Config::from_lookup(..)`. One error names every variable
/// that is missing, empty or unreadable, so that a new deployment fails once and not once for each variable.
#[macro_export]
macro_rules! config {
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field_visibility:vis $field:ident: $kind:ty),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        $visibility struct $name {
            $($(#[$field_meta])* $field_visibility $field: $kind,)*
        }

        impl $name {
            /// The environment variables read, in the order of the fields.
            $visibility const VARIABLES: &'static [&'static str] = &[$(stringify!($field)),*];

            /// Reads the settings from the environment.
            ///
            /// # Errors
            /// Names every variable that is missing or unreadable.
            $visibility fn from_env() -> Result<Self, $crate::MissingVariables> {
                Self::from_lookup($crate::config::environment)
            }

            /// Reads the settings by asking `lookup` for each variable.
            ///
            /// # Errors
            /// Names every variable that is missing or unreadable.
            $visibility fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, $crate::MissingVariables> {
                let mut missing = $crate::MissingVariables::default();
                $(let $field = missing.read::<$kind>(stringify!($field), &lookup);)*
                match ($($field,)*) {
                    ($(Some($field),)*) => Ok(Self { $($field),* }),
                    #[allow(unreachable_patterns, reason = "a struct without fields has no missing ones")]
                    _ => Err(missing),
                }
            }
        }
    };
}

/// The environment variables that a function needs and does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissingVariables {
    absent: Vec<String>,
    unreadable: Vec<String>,
}

impl MissingVariables {
    /// Reads one variable. If it is absent, empty or does not parse, its name is recorded.
    pub fn read<T: FromStr>(&mut self, field: &str, lookup: impl Fn(&str) -> Option<String>) -> Option<T> {
        let name = field.to_ascii_uppercase();
        // A template sets an empty value for a parameter that nobody filled in. It counts as missing.
        let Some(value) = lookup(&name).filter(|value| !value.is_empty()) else {
            self.absent.push(name);
            return None;
        };
        let parsed = value.parse().ok();
        if parsed.is_none() {
            // The name is recorded and never the value, because a setting may be a secret.
            self.unreadable.push(name);
        }
        parsed
    }
}

impl fmt::Display for MissingVariables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.absent.is_empty() {
            write!(f, "missing environment variables: {}", self.absent.join(", "))?;
        }
        if !self.unreadable.is_empty() {
            let comma = if self.absent.is_empty() { "" } else { "; " };
            write!(f, "{comma}unreadable environment variables: {}", self.unreadable.join(", "))?;
        }
        Ok(())
    }
}

impl std::error::Error for MissingVariables {}

/// Reads one environment variable; `None` when it is absent or not Unicode.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    crate::config! {
        /// Settings.
        struct Config {
            /// A name.
            table_name: String,
            /// A number.
            page: u16,
            /// A URL.
            topic_arn: String,
        }
    }

    fn with(pairs: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn reads_each_field_from_its_upper_case_name() {
        let config =
            Config::from_lookup(with(&[("TABLE_NAME", "t"), ("PAGE", "20"), ("TOPIC_ARN", "arn:x")]))
                .unwrap();
        assert_eq!((config.table_name.as_str(), config.page, config.topic_arn.as_str()), ("t", 20, "arn:x"));
        assert_eq!(Config::VARIABLES, ["table_name", "page", "topic_arn"]);
    }

    #[test]
    fn names_all_missing_and_unreadable_variables_at_once_and_no_value() {
        let error = Config::from_lookup(with(&[("PAGE", "secret"), ("TOPIC_ARN", "")])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "missing environment variables: TABLE_NAME, TOPIC_ARN; unreadable environment variables: PAGE"
        );
        assert!(Config::from_env().is_err(), "no test runs with these variables");
    }
}
