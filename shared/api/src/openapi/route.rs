//! A route, described once and turned into an operation of the document.

use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Schema};

use super::schemas;

/// The group of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tag {
    Auth,
    Users,
    Photos,
    Saved,
    Feed,
    Search,
    Notifications,
}

impl Tag {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Users => "users",
            Self::Photos => "photos",
            Self::Saved => "saved",
            Self::Feed => "feed",
            Self::Search => "search",
            Self::Notifications => "notifications",
        }
    }

    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Auth => "Accounts and sessions.",
            Self::Users => "People and whom they follow.",
            Self::Photos => "Photos, likes and comments.",
            Self::Saved => "What one keeps for oneself.",
            Self::Feed => "What those whom one follows have posted.",
            Self::Search => "Finding people.",
            Self::Notifications => "What happened to oneself.",
        }
    }
}

/// A builder of a route's operation.
pub(super) struct Route {
    pub(super) method: HttpMethod,
    pub(super) path: &'static str,
    pub(super) tag: Tag,
    /// Schemas that the operation refers to.
    pub(super) schemas: Vec<(String, RefOr<Schema>)>,
    id: &'static str,
    summary: &'static str,
    description: Option<&'static str>,
    parameters: Vec<Parameter>,
    body: Option<RequestBody>,
    responses: Vec<(String, Response)>,
    is_public: bool,
}

impl Route {
    /// Returns a route. Its path parameters are those in braces.
    pub(super) fn new(method: HttpMethod, path: &'static str, tag: Tag, id: &'static str) -> Self {
        let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        Self {
            parameters: names.map(schemas::path_parameter).collect(),
            method,
            path,
            tag,
            id,
            schemas: Vec::new(),
            summary: "",
            description: None,
            body: None,
            responses: Vec::new(),
            is_public: false,
        }
    }

    /// Sets what it does, in one line.
    pub(super) fn summary(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    /// Sets its longer description.
    pub(super) fn description(mut self, description: &'static str) -> Self {
        self.description = Some(description);
        self
    }

    /// Marks it as needing no access token.
    pub(super) fn public(mut self) -> Self {
        self.is_public = true;
        self
    }

    /// Adds the parameters of a page of a list.
    pub(super) fn paged(mut self) -> Self {
        self.parameters.extend(schemas::page_parameters());
        self
    }

    /// Adds a query parameter that has to be there.
    pub(super) fn asks(mut self, name: &str, description: &str, example: &str) -> Self {
        self.parameters.push(schemas::query_parameter(name, description, example));
        self
    }

    /// Adds a query parameter that may be left out.
    pub(super) fn may_ask(mut self, name: &str, description: &str, example: &str) -> Self {
        let mut parameter = schemas::query_parameter(name, description, example);
        parameter.required = Required::False;
        self.parameters.push(parameter);
        self
    }

    /// Adds a query parameter that may be left out, and is one of `values`.
    pub(super) fn may_choose<const N: usize>(
        mut self,
        name: &str,
        description: &str,
        values: [&'static str; N],
    ) -> Self {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(description))
            .schema(Some(schemas::one_of(values)))
            .build();
        self.parameters.push(parameter);
        self
    }

    /// Adds the idempotency key, under which a request may be repeated.
    pub(super) fn repeatable(mut self, description: &str) -> Self {
        let key = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(description))
            .schema(Some(schemas::text(1, 128)))
            .build();
        self.parameters.push(key);
        self
    }

    /// Sets the body of the request.
    pub(super) fn takes<T: ToSchema>(mut self, example: Value) -> Self {
        let content = ContentBuilder::new().schema(Some(self.refer::<T>())).example(Some(example)).build();
        let body =
            RequestBodyBuilder::new().required(Some(Required::True)).content("application/json", content);
        self.body = Some(body.build());
        self
    }

    /// Sets the body of a request that needs none if the session is in cookies.
    pub(super) fn may_take<T: ToSchema>(self, example: Value) -> Self {
        let mut route = self.takes::<T>(example);
        if let Some(body) = &mut route.body {
            body.required = Some(Required::False);
        }
        route
    }

    /// Adds the header with which a page asks for a session in cookies.
    pub(super) fn for_pages(mut self, description: &str) -> Self {
        let mode = ParameterBuilder::new()
            .name("X-Session")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(description))
            .schema(Some(schemas::one_of(["cookie"])))
            .build();
        self.parameters.push(mode);
        self
    }

    /// Adds the validator of its answer.
    pub(super) fn validated(mut self) -> Self {
        let validator = ParameterBuilder::new()
            .name("If-None-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some("The `ETag` of the answer that the client has."))
            .schema(Some(schemas::text(1, 200)))
            .build();
        self.parameters.push(validator);
        let etag = || HeaderBuilder::new().schema(Some(schemas::text(1, 200))).build();
        for (_, response) in &mut self.responses {
            response.headers.insert("ETag".to_owned(), RefOr::T(etag()));
        }
        let same = ResponseBuilder::new().description("It is still as the client has it.");
        self.responses.push(("304".to_owned(), same.header("ETag", etag()).build()));
        self
    }

    /// Adds a response with this body.
    pub(super) fn gives<T: ToSchema>(mut self, status: u16, description: &str) -> Self {
        let content = ContentBuilder::new().schema(Some(self.refer::<T>())).build();
        let response = ResponseBuilder::new().description(description).content("application/json", content);
        self.responses.push((status.to_string(), response.build()));
        self
    }

    /// Adds a response without a body.
    pub(super) fn gives_nothing(mut self, description: &str) -> Self {
        self.responses.push(("204".to_owned(), Response::new(description)));
        self
    }

    /// Adds a response without a body, to what is done later.
    pub(super) fn accepts(mut self, description: &str) -> Self {
        self.responses.push(("202".to_owned(), Response::new(description)));
        self
    }

    /// Adds a problem with one of these codes.
    pub(super) fn refuses(mut self, status: u16, codes: &[&str]) -> Self {
        let codes: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
        self.responses.push((status.to_string(), problem(status, &codes.join(", "))));
        self
    }

    fn refer<T: ToSchema>(&mut self) -> Ref {
        self.schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.schemas);
        Ref::from_schema_name(T::name())
    }

    /// Returns the operation, with the problems that every route has.
    pub(super) fn operation(self) -> Operation {
        let mut route = self;
        if !route.is_public {
            let mut codes = vec!["token_missing", "token_expired", "token_invalid"];
            // An ended session is refused where it writes.
            codes.extend((route.method != HttpMethod::Get).then_some("session_ended"));
            route = route.refuses(401, &codes);
        }
        route.responses.sort_by(|(one, _), (other, _)| one.cmp(other));
        let default =
            problem(0, "Any other problem: `body_too_large`, `temporarily_unavailable`, `internal`");
        let mut operation = OperationBuilder::new()
            .tag(route.tag.name())
            .operation_id(Some(route.id))
            .summary(Some(route.summary))
            .description(route.description)
            .parameters((!route.parameters.is_empty()).then_some(route.parameters))
            .request_body(route.body);
        if route.is_public {
            operation = operation.securities(Some(Vec::<SecurityRequirement>::new()));
        }
        for (status, response) in route.responses {
            operation = operation.response(status, response);
        }
        operation.response("default", default).build()
    }
}

fn problem(status: u16, description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schemas::PROBLEM))).build();
    let response =
        ResponseBuilder::new().description(description).content("application/problem+json", content);
    if status != 429 {
        return response.build();
    }
    let seconds = HeaderBuilder::new()
        .description(Some("Seconds until it is worth trying again."))
        .schema(Some(schemas::number(1, None)));
    response.header("Retry-After", seconds.build()).build()
}
