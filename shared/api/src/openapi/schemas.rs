//! Schemas that no wire type describes: problems and parameters.

use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Required, Schema};

use crate::call::{DEFAULT_COUNT, MAX_COUNT};

/// The name of the schema of a problem.
pub(super) const PROBLEM: &str = "Problem";

/// Returns the schema of a problem, as [`crate::Problem::body`] makes it.
pub(super) fn problem() -> RefOr<Schema> {
    let said =
        |description: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(description));
    let fields = [
        ("type", said("Always `about:blank`: the code says what it is.")),
        ("title", said("The status in words.")),
        ("status", ObjectBuilder::new().schema_type(Type::Integer).description(Some("The HTTP status."))),
        ("code", said("Stable name of the error.")),
        ("detail", said("One sentence for people.")),
        ("request_id", said("Names the request in the logs.")),
    ];
    let mut object = ObjectBuilder::new().schema_type(Type::Object).description(Some("An error (RFC 9457)."));
    for (name, field) in fields {
        object = object.property(name, field).required(name);
    }
    let example = crate::Problem::no_user().body("BQ2mZhGwFiAEJ7w=");
    object.examples([example]).into()
}

/// Returns a path parameter by its name.
pub(super) fn path_parameter(name: &str) -> Parameter {
    let (description, example) = match name {
        "user_id" => ("Names the user: an id, or `@` and the user name.", "1184467440737095516"),
        "username" => ("The user name, in any case.", "john_doe"),
        "session_id" => ("Names the session.", "1a1f2d3c4005d41402abc4b2a76b9719d911017c592"),
        "device_id" => {
            ("Names the device.", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
        }
        "comment_id" => ("Names the comment on the photo.", "1184467440737095518"),
        _ => ("Names the photo.", "1184467440737095517"),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).examples([example])))
        .build()
}

/// Returns a query parameter that has to be there.
pub(super) fn query_parameter(name: &str, description: &str, example: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).examples([example])))
        .build()
}

/// Returns the parameters of a list.
pub(super) fn page_parameters() -> [Parameter; 2] {
    let parameter = |name, description, schema: Object| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(description))
            .schema(Some(schema))
            .build()
    };
    let mut count = number(1, Some(MAX_COUNT));
    count.default = Some(json!(DEFAULT_COUNT));
    [
        parameter("count", "Entries in a page, at most.", count),
        parameter("cursor", "Where to go on: the `next_cursor` of the page before.", text(1, 200)),
    ]
}

/// Returns the schema of a text of `min` to `max` characters.
pub(super) fn text(min: usize, max: usize) -> Object {
    ObjectBuilder::new().schema_type(Type::String).min_length(Some(min)).max_length(Some(max)).build()
}

/// Returns the schema of a text that is one of these.
pub(super) fn one_of<const N: usize>(texts: [&'static str; N]) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(texts)).build()
}

/// Returns the schema of a whole number in a range.
pub(super) fn number(min: usize, max: Option<usize>) -> Object {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(min)).maximum(max).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_of_a_problem_has_the_fields_of_a_problem() {
        let schema = serde_json::to_value(problem()).unwrap();
        let body = crate::Problem::no_user().body("r");
        let fields = |value: &serde_json::Value| {
            let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
            names.sort();
            names
        };
        assert_eq!(fields(&schema["properties"]), fields(&body));
    }
}
