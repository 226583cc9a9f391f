//! What the local cloud needs in Rust: the parts shared by its `table-engine` and `seed` binaries.

pub mod stream_log;
