//! YAML as JSON, with the short tags of CloudFormation (`!Ref X`) written out (`{"Ref": "X"}`).

use saphyr::{LoadableYamlNode, Scalar, ScanError, Yaml};
use serde_json::{Map, Value, json};

/// Returns the first document of a text; null when there is none.
///
/// # Errors
/// When the text is not YAML.
pub fn parse(text: &str) -> Result<Value, ScanError> {
    Ok(Yaml::load_from_str(text)?.first().map_or(Value::Null, to_json))
}

/// Returns the first document of a text as one line of JSON, with its keys in the order of the text.
///
/// # Errors
/// When the text is not YAML.
pub(crate) fn to_line(text: &str) -> Result<String, ScanError> {
    Ok(Yaml::load_from_str(text)?.first().map(line_of).unwrap_or_default())
}

fn line_of(yaml: &Yaml) -> String {
    match yaml {
        Yaml::Mapping(entries) => {
            let pairs = entries.iter().map(|(key, value)| format!("{}: {}", line_of(key), line_of(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        Yaml::Sequence(items) => format!("[{}]", items.iter().map(line_of).collect::<Vec<_>>().join(", ")),
        scalar => to_json(scalar).to_string(),
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
        let expected = json!({
            "a": {"Ref": "X"},
            "b": {"Fn::GetAtt": "X.Arn"},
            "c": {"Fn::If": ["C", {"Ref": "X"}, 1]},
            "d": {"Fn::Sub": "${X.Arn}/*"},
        });
        assert_eq!(parse(yaml).unwrap(), expected);
    }

    #[test]
    fn a_line_of_json_keeps_the_order() {
        let yaml = "b: {S: [{prefix: USER#}, ~STATE]}\na: {exists: true}\n";
        assert_eq!(
            to_line(yaml).unwrap(),
            r#"{"b": {"S": [{"prefix": "USER#"}, "~STATE"]}, "a": {"exists": true}}"#
        );
    }
}
