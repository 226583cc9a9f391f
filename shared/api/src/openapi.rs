//! The `OpenAPI` 3.1 document of the public API.

use utoipa::openapi::OpenApi;

/// The document; `docs/openapi.json` is this, checked by a test.
pub fn document() -> OpenApi {
    OpenApi::default()
}
