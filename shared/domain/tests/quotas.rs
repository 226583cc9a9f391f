//! docs/quotas.md is the table of quotas that the code has.
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use std::fmt::Write;
use std::fs;
use std::path::Path;

use domain::quota::{ALL, FOLLOWEES};

const ABOUT: &str = "# Quotas

Generated from `shared/domain/src/quota.rs` (`make quotas`); a test compares.

What exceeds a quota is answered with status 429, the code, and `Retry-After` with the seconds until the next
window. A metric of the function counts it. The limits are multiplied by the stack parameter `QuotaScale`. An
address is the viewer's IPv4 address or the /64 of their IPv6 address, as the distribution names it. Everybody
who calls the API past the distribution counts as one address ([0025](adr/0025-quotas.md)). A quota without a
code refuses no request: beyond it no mail is sent ([0032](adr/0032-proved-addresses.md)).

| quota | of an | at most | in | code | metric |
|---|---|---|---|---|---|
";

fn table() -> String {
    let mut text = ABOUT.to_owned();
    for quota in ALL {
        for measure in quota.measures {
            let (limit, unit) = (measure.limit, measure.name.replace('_', " "));
            let most = match measure.name {
                "bytes" => format!("{} GiB announced", limit >> 30),
                _ => format!("{limit} {unit}"),
            };
            let (per, minutes) = (quota.per.name(), quota.seconds / 60);
            let (name, code, metric) = (quota.name, quota.code, quota.metric);
            let code = if code.is_empty() { "none".to_owned() } else { format!("`{code}`") };
            writeln!(text, "| {name} | {per} | {most} | {minutes} min | {code} | `{metric}` |").unwrap();
        }
    }
    writeln!(
        text,
        "| followees | account | {FOLLOWEES} people followed | all, not scaled | `too_many_followees` | `quota_followees_refused` |"
    )
    .unwrap();
    text
}

#[test]
fn the_checked_in_table_is_the_codes() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/quotas.md");
    if std::env::var_os("UPDATE_QUOTAS").is_some() {
        fs::write(&file, table()).unwrap();
    }
    assert!(table() == fs::read_to_string(file).unwrap(), "docs/quotas.md is out of date: run `make quotas`");
}
