//! The `OpenAPI` 3.1 document of the public API.

mod circle;
mod comments;
mod devices;
mod route;
mod routes;
mod schemas;
mod search;

use std::collections::BTreeSet;

use utoipa::openapi::path::Paths;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, ServerBuilder,
};

/// The names of the security schemes.
const BEARER: &str = "bearer";
const COOKIE: &str = "cookie";

const DESCRIPTION: &str = "\
A photo-sharing network.

Ids are decimal strings. Moments are RFC 3339 in UTC. Lists go on with `cursor`, the `next_cursor` of the page before; \
`has_more` alone says whether there is more, since a page may be short before the end. Errors are problems (RFC 9457) \
with a stable `code`; fields and codes are added over time and never change their meaning. In requests `null` is as \
absent. Numbers have no sign and no leading zeros. Bodies above 1 KB are \
compressed by `Accept-Encoding`.";

/// Returns the document. A test checks that `docs/openapi.json` equals it.
pub fn document() -> OpenApi {
    let routes = routes::all();
    let mut paths = Paths::new();
    let mut components = ComponentsBuilder::new()
        .security_scheme(BEARER, bearer())
        .security_scheme(COOKIE, cookie())
        .schema(schemas::PROBLEM, schemas::problem());
    let mut tags = BTreeSet::new();
    for route in routes {
        tags.insert(route.tag);
        components = components.schemas_from_iter(route.schemas.clone());
        paths.add_path_operation(route.path, vec![route.method.clone()], route.operation());
    }
    let license =
        LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build();
    let info = InfoBuilder::new()
        .title("lambdagram")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(license))
        .build();
    let server = ServerBuilder::new().url("/").description(Some("The stack's API")).build();
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([server]))
        .paths(paths)
        .components(Some(components.build()))
        .security(Some(
            [BEARER, COOKIE].map(|scheme| SecurityRequirement::new::<_, [String; 0], _>(scheme, [])),
        ))
        .tags(Some(
            tags.into_iter()
                .map(|tag| TagBuilder::new().name(tag.name()).description(Some(tag.description())).build()),
        ))
        .build()
}

fn bearer() -> SecurityScheme {
    let http = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The `access_token` of a session. It lives for 15 minutes; then refresh."));
    SecurityScheme::Http(http.build())
}

fn cookie() -> SecurityScheme {
    let description = "For pages of the web client's own origin, without `Authorization`. A request counts with the \
                       header `X-Session: cookie` alone, and if `Sec-Fetch-Site` is `same-origin`; without \
                       `Sec-Fetch-Site`, if `Origin` is the web client's or the host's own. Over http, which a local \
                       cloud speaks, the names are `access` and `refresh`.";
    SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description("__Host-access", description)))
}
