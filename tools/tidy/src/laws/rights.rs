//! What a function may do is said action by action and resource by resource.

use std::collections::BTreeSet;

use serde_json::Value;
use template::pascal;

use crate::Repository;
use crate::template::{list, target};

/// Actions of services that have no resources to name.
const WITHOUT_RESOURCES: [&str; 11] = [
    "cloudwatch:PutMetricData",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

/// An IAM statement of the template.
struct Statement<'a> {
    resource: &'a str,
    /// Of a key policy, in which `*` is the key itself.
    of_a_key: bool,
    body: &'a Value,
}

impl Statement<'_> {
    fn allows(&self) -> bool {
        self.body.get("Effect").and_then(Value::as_str) == Some("Allow")
    }

    fn actions(&self) -> impl Iterator<Item = &str> {
        list(self.body.get("Action")).iter().filter_map(Value::as_str)
    }

    fn broken(&self, law: &str) -> String {
        format!("template.yaml: {}: {law} in {}", self.resource, self.body)
    }
}

/// The statements of every policy, wherever it stands in a resource.
fn statements(repository: &Repository) -> Vec<Statement<'_>> {
    let mut found = Vec::new();
    for (resource, definition) in repository.template().resources() {
        let of_a_key = definition.get("Type").and_then(Value::as_str) == Some("AWS::KMS::Key");
        collect(definition, &mut |body| found.push(Statement { resource, of_a_key, body }));
    }
    found
}

fn collect<'a>(value: &'a Value, found: &mut impl FnMut(&'a Value)) {
    match value {
        Value::Object(entries) if entries.contains_key("Effect") => found(value),
        Value::Object(entries) => entries.values().for_each(|inner| collect(inner, found)),
        Value::Array(items) => items.iter().for_each(|inner| collect(inner, found)),
        _ => {}
    }
}

fn breaking(repository: &Repository, law: &str, breaks: impl Fn(&Statement) -> bool) -> Vec<String> {
    let allowed = statements(repository).into_iter().filter(Statement::allows);
    allowed.filter(breaks).map(|statement| statement.broken(law)).collect()
}

/// No action with a `*`, and none by exclusion.
pub fn actions_are_named(repository: &Repository) -> Vec<String> {
    breaking(repository, "actions are named one by one", |statement| {
        statement.actions().any(|action| action.contains('*')) || statement.body.get("NotAction").is_some()
    })
}

/// No resource `*` where there is one to name, and none by exclusion.
pub fn resources_are_named(repository: &Repository) -> Vec<String> {
    breaking(repository, "resources are named", |statement| {
        let any = list(statement.body.get("Resource")).iter().any(|resource| resource == "*");
        let nothing_to_name =
            statement.of_a_key || statement.actions().all(|action| WITHOUT_RESOURCES.contains(&action));
        (any && !nothing_to_name) || statement.body.get("NotResource").is_some()
    })
}

/// Nothing may scan the table, by whichever name a scan goes.
pub fn nothing_scans(repository: &Repository) -> Vec<String> {
    const SCANS: [&str; 3] = ["dynamodb:Scan", "dynamodb:PartiQLSelect", "dynamodb:ExportTableToPointInTime"];
    breaking(repository, "nothing may scan", |statement| {
        statement.actions().any(|action| SCANS.contains(&action))
    })
}

/// A right on the table's items is narrowed to the partition keys that the function works with.
pub fn table_rights_are_narrowed(repository: &Repository) -> Vec<String> {
    breaking(repository, "rights on the table need dynamodb:LeadingKeys", |statement| {
        let on_the_table = list(statement.body.get("Resource")).iter().any(|resource| {
            target(resource) == Some("Table")
                && resource.get("Fn::GetAtt").is_some_and(|name| name == "Table.Arn")
        });
        let keys = statement.body.pointer("/Condition/ForAllValues:StringLike/dynamodb:LeadingKeys");
        let narrowed = !list(keys).is_empty() && list(keys).iter().all(|key| key != "*");
        on_the_table && !narrowed
    })
}

/// Addresses and the tokens of mailed links are opened by `mail` alone: it alone may decrypt with their key,
/// and read the partitions that hold addresses.
pub fn mail_alone_opens_addresses(repository: &Repository) -> Vec<String> {
    const READS: [&str; 4] =
        ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:ConditionCheckItem"];
    breaking(repository, "only mail may open addresses", |statement| {
        let resources = list(statement.body.get("Resource")).iter();
        let mut keys = resources.filter(|resource| target(resource) == Some("AddressKey"));
        let decrypts = statement.actions().any(|action| action == "kms:Decrypt") && keys.next().is_some();
        let partitions = statement.body.pointer("/Condition/ForAllValues:StringLike/dynamodb:LeadingKeys");
        let mut partitions = list(partitions).iter().filter_map(Value::as_str);
        let reads = statement.actions().any(|action| READS.contains(&action))
            && partitions.any(|partition| partition.starts_with("ADDRESS#"));
        (decrypts || reads) && statement.resource != "MailFunction"
    })
}

/// A derived write names the item whose home region it belongs to, by the id in its key. Workflows and
/// functions that answer no requests may not write claims, whose keys have no id.
pub fn derived_writes_have_a_home(repository: &Repository) -> Vec<String> {
    const WRITES: [&str; 4] =
        ["dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"];
    let homeless = homeless_partitions(repository);
    if homeless.is_empty() {
        return vec!["ARCHITECTURE.md: the chart of the table has no key without an id".to_owned()];
    }
    let answering = answering_functions(repository);
    breaking(repository, "a derived write needs a key with an id", |statement| {
        let keys = statement.body.pointer("/Condition/ForAllValues:StringLike/dynamodb:LeadingKeys");
        let mut patterns = list(keys).iter().filter_map(Value::as_str);
        statement.actions().any(|action| WRITES.contains(&action))
            && !answering.contains(statement.resource)
            && patterns.any(|pattern| homeless.contains(pattern.trim_end_matches('*')))
    })
}

/// Returns the prefixes, up to the `#`, of partition keys of items whose keys have neither an id nor a home, as the
/// chart in ARCHITECTURE.md has them.
fn homeless_partitions(repository: &Repository) -> BTreeSet<&str> {
    let document = repository.text("ARCHITECTURE.md").unwrap_or_default();
    let chart =
        document.split_once("<!-- chart -->").and_then(|(_, rest)| rest.split_once("<!-- /chart -->"));
    let rows = chart
        .map_or("", |(chart, _)| chart)
        .lines()
        .filter(|row| row.contains('#') && !row.contains("<id>") && !row.contains("<home>"));
    rows.filter_map(|row| row.split('`').nth(1)?.split_inclusive('#').next()).collect()
}

/// Returns the logical ids of the functions that answer requests.
fn answering_functions(repository: &Repository) -> BTreeSet<String> {
    let answers = |name: &&str| {
        let library = repository.text(&format!("functions/{name}/src/lib.rs"));
        library.is_some_and(|text| text.contains("runtime::http"))
    };
    repository
        .functions()
        .into_iter()
        .filter(answers)
        .map(|name| format!("{}Function", pascal(name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::laws::Law;

    /// A function with one statement.
    fn with(statement: &str) -> Repository {
        let template = format!(
            "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Policies:\n        - Statement:\n            - {statement}\n"
        );
        Repository::of(&[("template.yaml", &template)]).unwrap()
    }

    const GOOD: &str = "{Effect: Allow, Action: dynamodb:GetItem, Resource: !GetAtt Table.Arn, \
                        Condition: {ForAllValues:StringLike: {dynamodb:LeadingKeys: [\"LIKES#*\"]}}}";

    #[test]
    fn a_narrow_statement_keeps_every_law() {
        for law in [actions_are_named, resources_are_named, nothing_scans, table_rights_are_narrowed] {
            assert_eq!(law(&with(GOOD)), Vec::<String>::new());
        }
    }

    #[test]
    fn each_law_can_be_broken() {
        let cases: &[(Law, &str)] = &[
            (actions_are_named, "{Effect: Allow, Action: \"s3:*\", Resource: !GetAtt B.Arn}"),
            (
                actions_are_named,
                "{Effect: Allow, Action: [s3:GetObject, \"sqs:Get*\"], Resource: !GetAtt B.Arn}",
            ),
            (actions_are_named, "{Effect: Allow, NotAction: s3:GetObject, Resource: !GetAtt B.Arn}"),
            (resources_are_named, "{Effect: Allow, Action: s3:GetObject, Resource: \"*\"}"),
            (resources_are_named, "{Effect: Allow, Action: s3:GetObject, NotResource: !GetAtt B.Arn}"),
            (nothing_scans, "{Effect: Allow, Action: dynamodb:Scan, Resource: !GetAtt Table.Arn}"),
            (
                table_rights_are_narrowed,
                "{Effect: Allow, Action: dynamodb:GetItem, Resource: !GetAtt Table.Arn}",
            ),
        ];
        for (law, statement) in cases {
            assert!(!law(&with(statement)).is_empty(), "{statement}");
        }
    }

    #[test]
    fn addresses_are_opened_by_mail_alone() {
        let reads = GOOD.replace("LIKES#*", "ADDRESS#*");
        let decrypts = "{Effect: Allow, Action: [kms:Decrypt], Resource: !GetAtt AddressKey.Arn}";
        let seals = "{Effect: Allow, Action: [kms:GetPublicKey], Resource: !GetAtt AddressKey.Arn}";
        let of = |function: &str, statement: &str| {
            let template = format!(
                "Resources:\n  {function}:\n    Properties:\n      Policies:\n        - Statement:\n            - {statement}\n"
            );
            mail_alone_opens_addresses(&Repository::of(&[("template.yaml", &template)]).unwrap()).len()
        };
        for statement in [reads.as_str(), decrypts] {
            assert_eq!((of("MailFunction", statement), of("RegisterFunction", statement)), (0, 1));
        }
        for statement in [GOOD, seals, &reads.replace("GetItem", "PutItem")] {
            assert_eq!(of("RegisterFunction", statement), 0, "{statement}");
        }
    }

    #[test]
    fn what_no_request_calls_may_not_write_claims() {
        let chart = [
            "<!-- chart -->",
            "| name claim | `NAME#<folded>` | `CLAIM` |",
            "| processing | `PROCESSING#<hour>#<shard>` | `<id>` |",
            "| idempotency | `IDEM#<id>#<key>` | `IDEM` |",
            "<!-- /chart -->",
        ];
        let broken = |function: &str, action: &str, keys: [&str; 2], chart: &str| {
            let keys = json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}});
            let statement = json!({"Effect": "Allow", "Action": [action], "Condition": keys});
            let properties = json!({"Policies": [{"Statement": [statement]}]});
            let resource = json!({"Type": "AWS::Serverless::Function", "Properties": properties});
            let repository = Repository::of(&[
                ("template.yaml", &json!({"Resources": {function: resource}}).to_string()),
                ("functions/log-in/src/lib.rs", "impl runtime::http::Handler for LogIn"),
                ("functions/derive/src/lib.rs", "impl runtime::stream::Handler for Derive"),
                ("ARCHITECTURE.md", chart),
            ]);
            derived_writes_have_a_home(&repository.unwrap()).len()
        };
        let chart = chart.join("\n");
        for action in ["dynamodb:PutItem", "dynamodb:BatchWriteItem"] {
            assert_eq!(broken("DeriveFunction", action, ["IDEM#*", "PROCESSING#*"], &chart), 0);
            assert_eq!(broken("DeriveFunction", action, ["IDEM#*", "NAME#*"], &chart), 1);
            assert_eq!(broken("LogInFunction", action, ["IDEM#*", "NAME#*"], &chart), 0);
        }
        assert_eq!(broken("DeriveFunction", "dynamodb:GetItem", ["IDEM#*", "NAME#*"], &chart), 0);
        assert_eq!(broken("DeriveFunction", "dynamodb:PutItem", ["A#*", "B#*"], "no chart"), 1);
    }

    #[test]
    fn a_denial_may_be_broad_and_a_key_names_itself() {
        assert!(
            actions_are_named(&with("{Effect: Deny, Action: \"s3:*\", Resource: !GetAtt B.Arn}")).is_empty()
        );
        let key = "Resources: {K: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: [{Effect: Allow, Action: kms:Sign, Resource: \"*\"}]}}}}";
        assert!(resources_are_named(&Repository::of(&[("template.yaml", key)]).unwrap()).is_empty());
        assert!(
            resources_are_named(&with("{Effect: Allow, Action: xray:PutTraceSegments, Resource: \"*\"}"))
                .is_empty()
        );
    }
}
