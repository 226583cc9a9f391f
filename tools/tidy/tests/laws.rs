//! Every law, applied to this checkout. A failure names the files that break it.

use std::io;
use std::path::Path;

use tidy::Repository;
use tidy::laws::Law;

/// One test for each law.
macro_rules! laws {
    ($($module:ident: $($law:ident)+;)+) => {$(
        mod $module {
            $(#[test] fn $law() -> std::io::Result<()> { super::hold(tidy::laws::$module::$law) })+
        }
    )+};
}

laws! {
    functions: one_name described event_fixtures architecture_row environment_is_config short_main
        writes_ask_for_the_session lib_header;
    rights: actions_are_named resources_are_named nothing_scans table_rights_are_narrowed derived_writes_have_a_home
        mail_alone_opens_addresses;
    sources: partial_batches queues failure_paths outputs_are_no_news dead_letters_ring;
    groups: senders_name_groups buckets_notify_functions;
    stream: filters;
    edge: no_circles answers_of_the_api_are_not_kept;
    workflows: described wired_by_substitutions tasks_are_retried;
    crates: folder_is_crate workspace_lints product_dependencies functions_stand_alone;
    code: keys_in_one_place short_files;
    documents: links_lead_somewhere short_front_page crates_are_named alarms_have_runbooks decisions_are_listed;
    contracts: routes_are_documented dashboard_is_json caught_errors_exist;
}

fn hold(law: Law) -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let repository = Repository::read(&root)?;
    let broken = law(&repository);
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
    Ok(())
}
