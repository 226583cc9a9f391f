//! `template.yaml` as JSON, with the short tags of its dialect (`!Ref X`) written out (`{"Ref": "X"}`).

use std::io;

use serde_json::Value;

/// A template of a stack.
#[derive(Debug)]
pub struct Template(Value);

impl Template {
    /// Parses YAML with tags.
    ///
    /// # Errors
    /// When the text is not YAML.
    pub fn parse(text: &str) -> io::Result<Self> {
        template::parse(text).map(Self).map_err(io::Error::other)
    }

    /// Returns a resource by its logical id.
    pub fn resource(&self, id: &str) -> Option<&Value> {
        self.0.get("Resources")?.get(id)
    }

    /// Returns all resources, as logical id and definition.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &Value)> {
        let resources = self.0.get("Resources").and_then(Value::as_object);
        resources.into_iter().flatten().map(|(id, resource)| (id.as_str(), resource))
    }

    /// Returns the resources of one type, as logical id and properties.
    pub fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.resources()
            .filter(move |(_, resource)| text(resource, "/Type") == Some(kind))
            .map(|(id, resource)| (id, resource.get("Properties").unwrap_or(&Value::Null)))
    }

    /// Returns the Lambda functions, as logical id and properties.
    pub fn functions(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.of_type("AWS::Serverless::Function")
    }

    /// Returns a function's timeout in seconds: its own, or the one of `Globals`.
    pub fn timeout(&self, properties: &Value) -> Option<u64> {
        let global = || self.0.pointer("/Globals/Function/Timeout");
        properties.get("Timeout").or_else(global)?.as_u64()
    }

    /// Returns the whole document.
    pub(crate) fn document(&self) -> &Value {
        &self.0
    }
}

/// Returns the string at a JSON pointer.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

/// Returns the logical id that `!Ref X`, `!GetAtt X.Y` or `!Sub "${X}..."` points at.
pub(crate) fn target(value: &Value) -> Option<&str> {
    if let Some(id) = text(value, "/Ref") {
        return Some(id);
    }
    if let Some(attribute) = text(value, "/Fn::GetAtt") {
        return attribute.split('.').next();
    }
    text(value, "/Fn::Sub")?.strip_prefix("${")?.split(['.', '}']).next()
}

/// Returns a value that may be one or a list, as a list.
pub(crate) fn list(value: Option<&Value>) -> &[Value] {
    match value {
        None => &[],
        Some(Value::Array(values)) => values,
        Some(one) => std::slice::from_ref(one),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_target_is_what_a_tag_points_at() {
        for tag in ["!Ref X", "!GetAtt X.Arn", "!Sub \"${X.Arn}/*\""] {
            let template = Template::parse(tag).unwrap();
            assert_eq!(target(template.document()), Some("X"), "{tag}");
        }
    }

    #[test]
    fn a_function_without_a_timeout_has_the_global_one() {
        let template = Template::parse("Globals: {Function: {Timeout: 10}}").unwrap();
        assert_eq!(template.timeout(&json!({})), Some(10));
        assert_eq!(template.timeout(&json!({"Timeout": 60})), Some(60));
    }
}
