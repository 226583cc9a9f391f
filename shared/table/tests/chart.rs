//! The chart of keys in ARCHITECTURE.md matches the keys that the code makes.

#[test]
fn the_chart_of_keys_in_the_architecture_matches_the_code() {
    let document = include_str!("../../../ARCHITECTURE.md");
    let rows = document
        .split_once("<!-- chart -->")
        .and_then(|(_, rest)| rest.split_once("<!-- /chart -->"))
        .map(|(chart, _)| chart.lines().skip(3).collect::<Vec<_>>().join("\n"));
    let made: Vec<String> = table::keys::chart()
        .into_iter()
        .map(|(item, pk, sk)| format!("| {item} | `{pk}` | `{sk}` |"))
        .collect();
    assert_eq!(rows.as_deref(), Some(made.join("\n").as_str()));
}
