//! The chart in ARCHITECTURE.md is what the code makes.

#[test]
fn the_chart_in_the_architecture_is_the_codes() {
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
