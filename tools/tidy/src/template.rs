//! `template.yaml` as JSON, with the short tags of its dialect (`!Ref X`) written out (`{"Ref": "X"}`).

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// A template of a stack.
#[derive(Debug)]
pub struct Template(Value);

impl Template {
    /// Parses YAML with tags.
    ///
    /// # Errors
    /// When the text is not YAML.
    pub fn parse(text: &str) -> Result<Self, saphyr::ScanError> {
        let documents = Yaml::load_from_str(text)?;
        Ok(Self(documents.first().map_or(Value::Null, to_json)))
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

fn to_json(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Value(scalar) => match scalar {
            Scalar::Null => Value::Null,
            Scalar::Boolean(value) => json!(value),
            Scalar::Integer(value) => json!(value),
            Scalar::FloatingPoint(value) => json!(value.into_inner()),
            Scalar::String(value) => json!(value),
        },
        Yaml::Sequence(items) => items.iter().map(to_json).collect(),
        Yaml::Mapping(entries) => {
            let pairs = entries.iter().map(|(key, value)| (key_of(key), to_json(value)));
            Value::Object(pairs.collect::<Map<_, _>>())
        }
        Yaml::Tagged(tag, inner) => {
            let name = match tag.suffix.as_str() {
                name @ ("Ref" | "Condition") => name.to_owned(),
                name => format!("Fn::{name}"),
            };
            json!({ name: to_json(inner) })
        }
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => Value::Null,
    }
}

fn key_of(yaml: &Yaml) -> String {
    match to_json(yaml) {
        Value::String(key) => key,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_written_out() {
        let yaml = "{a: !Ref X, b: !GetAtt X.Arn, c: !If [C, !Ref X, 1], d: !Sub \"${X.Arn}/*\"}";
        let json = to_json(&Yaml::load_from_str(yaml).unwrap()[0]);
        let expected = json!({
            "a": {"Ref": "X"},
            "b": {"Fn::GetAtt": "X.Arn"},
            "c": {"Fn::If": ["C", {"Ref": "X"}, 1]},
            "d": {"Fn::Sub": "${X.Arn}/*"},
        });
        assert_eq!(json, expected);
        for key in ["a", "b", "d"] {
            assert_eq!(target(&json[key]), Some("X"), "{key}");
        }
    }

    #[test]
    fn a_function_without_a_timeout_has_the_global_one() {
        let template = Template::parse("Globals: {Function: {Timeout: 10}}").unwrap();
        assert_eq!(template.timeout(&json!({})), Some(10));
        assert_eq!(template.timeout(&json!({"Timeout": 60})), Some(60));
    }
}
