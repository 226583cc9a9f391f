//! A function with all that belongs to it, from the description beside its code.

use serde_json::Value;

use crate::assembly::Settings;
use crate::block::{Block, Entry};
use crate::description::{AGE, Alarm, DEAD_LETTERS, Description, Form};
use crate::part::{EXTRA_SECTIONS, Part, Route};
use crate::shape::{below, fill, indented};
use crate::{Refusal, pascal, rights, yaml};

const FUNCTION: &str = include_str!("shapes/function.yaml");
const PERMISSION: &str = include_str!("shapes/permission.yaml");
const DEAD_LETTER_QUEUE: &str = include_str!("shapes/dead-letter-queue.yaml");
const QUEUE: &str = include_str!("shapes/queue.yaml");
const QUEUE_RIGHTS: &str = include_str!("shapes/queue-rights.yaml");
const SUBSCRIPTION: &str = include_str!("shapes/subscription.yaml");
const STREAM: &str = include_str!("shapes/stream.yaml");
const STREAM_RIGHTS: &str = include_str!("shapes/stream-rights.yaml");
const ASYNCHRONOUS: &str = include_str!("shapes/asynchronous.yaml");
const BUCKET: &str = include_str!("shapes/bucket.yaml");
const SCHEDULE: &str = include_str!("shapes/schedule.yaml");
const SOCKET: &str = include_str!("shapes/socket.yaml");
const SOCKET_REPLY: &str = include_str!("shapes/socket-reply.yaml");

const FORM: Form = Form {
    keys: &["bucket", "environment", "queue", "rights", "routes", "schedule", "socket", "stream"],
    generated: &[
        "CodeUri",
        "Environment",
        "EventInvokeConfig",
        "Events",
        "FunctionName",
        "LoggingConfig",
        "Policies",
        "Role",
    ],
    alarms: &[],
};
const STREAM_FORM: Form =
    Form { keys: &["filters", "alarms"], generated: OF_A_MAPPING, alarms: &[AGE, DEAD_LETTERS] };
const QUEUE_FORM: Form =
    Form { keys: &["name", "events", "alarms"], generated: OF_A_MAPPING, alarms: &[AGE, DEAD_LETTERS] };
const BUCKET_FORM: Form = Form { keys: &["name", "alarms"], generated: &[], alarms: &[AGE, DEAD_LETTERS] };
const SCHEDULE_FORM: Form = Form {
    keys: &["name", "alarms"],
    generated: &["DeadLetterConfig", "Name", "OmitName", "RetryPolicy"],
    alarms: &[DEAD_LETTERS],
};

/// Properties of an event source mapping that follow from a description.
const OF_A_MAPPING: &[&str] = &[
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "EventSourceArn",
    "FilterCriteria",
    "FunctionName",
    "FunctionResponseTypes",
    "StartingPosition",
];

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Returns what `functions/<name>/function.yaml` contributes.
pub(crate) fn part<'a>(
    path: &'a str,
    name: &str,
    piece: &Block<'a>,
    settings: &Settings,
) -> Result<Part<'a>, Refusal> {
    let described = Description::new(format!("{path}:1"), piece.entries()?, &FORM)?;
    let is_task = settings.tasks.contains(name);
    let invoked = ["routes", "queue", "stream", "bucket", "schedule", "socket"];
    if !is_task && invoked.iter().all(|key| described.get(key).is_none()) {
        return Err(described.refuse(
            "nothing invokes it: no routes, queue, stream, bucket, schedule or socket, and no workflow",
        ));
    }

    let mut made = Made { name: name.to_owned(), id: pascal(name), ..Made::default() };
    let rights = described.get("rights");
    if let Some(rights) = rights {
        made.rights += &rights::statements(rights)?;
    }
    let routes = described.get("routes").map(|entry| made.routes(entry)).transpose()?.unwrap_or_default();
    if let Some(entry) = described.get("socket") {
        made.socket(entry)?;
    }
    if let Some(entry) = described.get("stream") {
        made.stream(entry)?;
    }
    if let Some(entry) = described.get("bucket") {
        made.bucket(entry)?;
    }
    let schedule =
        described.get("schedule").map(|entry| made.schedule(entry)).transpose()?.unwrap_or_default();
    if let Some(entry) = described.get("queue") {
        let timeout = described.get("Timeout").map(seconds).transpose()?.unwrap_or(settings.timeout);
        made.queue(entry, timeout)?;
    }

    let policies = below("Policies", &below("- Statement", &indented(&made.rights, "  ")));
    let function = fill(
        FUNCTION,
        &[
            ("Name", &made.id),
            ("name", name),
            ("properties", &described.properties(&EXTRA_SECTIONS)),
            ("environment", &environment(described.get("environment"), settings)?),
            ("policies", &(rights.map(Entry::comment).unwrap_or_default() + &policies)),
            ("asynchronous", &made.asynchronous),
            ("schedule", &schedule),
            ("retries", if is_task { "; its workflow retries" } else { "" }),
        ],
    );
    let mut part = Part::new(path, Some(format!("{}Function", made.id)), routes);
    for shape in std::iter::once(&function).chain(&made.shapes) {
        part.add(&Block::made(path, shape))?;
    }
    part.add_extra(&described)?;
    Ok(part)
}

/// Returns the function's environment, with the values that `infra/environment.yaml` gives.
fn environment(entry: Option<&Entry>, settings: &Settings) -> Result<String, Refusal> {
    let Some(entry) = entry else { return Ok(String::new()) };
    let mut variables = String::new();
    for name in entry.texts()? {
        let value = settings.environment.get(&name);
        variables += value.ok_or_else(|| entry.refuse(format!("infra/environment.yaml lacks {name}")))?;
    }
    Ok(entry.comment() + &below("Environment", &below("Variables", &variables)))
}

fn seconds(timeout: &Entry) -> Result<u64, Refusal> {
    timeout.value()?.as_u64().ok_or_else(|| timeout.refuse("Timeout has to be a number of seconds"))
}

/// What a description makes beside the function itself: more of the template, and rights of the function.
#[derive(Default)]
struct Made {
    /// The function's name, as of its folder.
    name: String,
    /// The same in logical ids.
    id: String,
    rights: String,
    shapes: Vec<String>,
    /// The function's properties that say what becomes of asynchronous invocations that fail.
    asynchronous: String,
    /// Whether one of the shapes is a dead-letter queue.
    has_dead_letters: bool,
}

impl Made {
    /// Adds the permission of the API to invoke the function, and returns the routes.
    fn routes(&mut self, entry: &Entry) -> Result<Vec<Route>, Refusal> {
        self.shapes.push(entry.comment() + &fill(PERMISSION, &[("Name", &self.id)]));
        let route = |item: &Entry| {
            let text = item.text()?;
            let (method, path) = text.split_once(' ').unwrap_or_default();
            let is_path = path.starts_with('/')
                && path.chars().all(|letter| letter.is_ascii_alphanumeric() || "/-_{}".contains(letter));
            if !METHODS.contains(&method) || !is_path {
                return Err(item.refuse("a route is `GET /api/v1/photos/{photo_id}`"));
            }
            Ok(Route {
                path: path.to_owned(),
                method: method.to_lowercase(),
                function: self.name.clone(),
                comment: item.comment(),
                place: item.place(),
            })
        };
        entry.children()?.iter().map(route).collect()
    }

    /// Adds a route of the WebSocket API to the function.
    fn socket(&mut self, entry: &Entry) -> Result<(), Refusal> {
        let route = entry.text()?;
        let particulars = match route.as_str() {
            "$connect" => "AuthorizationType: CUSTOM\nAuthorizerId: !Ref LiveAuthorizer\n",
            "$disconnect" => "",
            "$default" => "RouteResponseSelectionExpression: $default\n",
            _ => return Err(entry.refuse("a socket's route is $connect, $disconnect or $default")),
        };
        self.shapes.push(fill(
            SOCKET,
            &[
                ("Name", &self.id),
                ("comment", &entry.comment()),
                ("route", &route),
                ("particulars", particulars),
            ],
        ));
        if route == "$default" {
            self.shapes.push(fill(SOCKET_REPLY, &[("Name", &self.id)]));
        }
        Ok(())
    }

    /// Adds a mapping of the table's stream, with a dead-letter queue.
    fn stream(&mut self, entry: &Entry) -> Result<(), Refusal> {
        let described = Description::below(entry, &STREAM_FORM)?;
        let age = described.alarm(AGE)?;
        let filters = described.require("filters")?;
        let mut patterns = String::new();
        for filter in filters.children()? {
            let list = yaml::to_line(&filter.lines()).map_err(|error| filter.refuse(error.info()))?;
            let pattern = list.strip_prefix('[').and_then(|list| list.strip_suffix(']')).unwrap_or_default();
            patterns += &format!("{}- Pattern: '{}'\n", filter.comment(), pattern.replace('\'', "''"));
        }
        let letters = format!("{}DeadLetterQueue", self.id);
        self.shapes.push(fill(
            STREAM,
            &[
                ("Name", &self.id),
                ("comment", &entry.comment()),
                ("properties", &described.properties(&[])),
                ("filters", &patterns),
                ("filters comment", &filters.comment()),
                ("Letters", &letters),
                ("age", &age.seconds),
                ("age comment", &age.comment),
                ("age meaning", &age.meaning),
            ],
        ));
        self.dead_letter_queue(&letters, &described.alarm(DEAD_LETTERS)?);
        self.rights += &fill(STREAM_RIGHTS, &[("Letters", &letters)]);
        Ok(())
    }

    /// Adds the permission of a bucket to invoke the function, and a dead-letter queue.
    fn bucket(&mut self, entry: &Entry) -> Result<(), Refusal> {
        let described = Description::below(entry, &BUCKET_FORM)?;
        let (name, age) = (described.require("name")?, described.alarm(AGE)?);
        let values = [
            ("Name", self.id.as_str()),
            ("Bucket", &name.text()?),
            ("comment", &entry.comment()),
            ("age", &age.seconds),
            ("age comment", &age.comment),
            ("age meaning", &age.meaning),
        ];
        self.shapes.push(fill(BUCKET, &values));
        self.invoked_asynchronously(entry, &described)?;
        Ok(())
    }

    /// Adds a schedule's dead-letter queue, and returns the function's properties that are the schedule.
    fn schedule(&mut self, entry: &Entry) -> Result<String, Refusal> {
        let described = Description::below(entry, &SCHEDULE_FORM)?;
        let name = described.require("name")?;
        described.require("ScheduleExpression")?;
        let letters = self.invoked_asynchronously(entry, &described)?;
        Ok(fill(
            SCHEDULE,
            &[
                ("comment", &(entry.comment() + &name.comment())),
                ("event", &name.text()?),
                ("properties", &described.properties(&[])),
                ("Letters", &letters),
            ],
        ))
    }

    /// Adds the dead-letter queue of asynchronous invocations, and returns its id.
    fn invoked_asynchronously(&mut self, entry: &Entry, described: &Description) -> Result<String, Refusal> {
        let letters = format!("{}DeadLetterQueue", self.id);
        if self.has_dead_letters {
            return Err(entry.refuse(format!("{letters} takes what another source cannot deliver")));
        }
        self.dead_letter_queue(&letters, &described.alarm(DEAD_LETTERS)?);
        self.asynchronous = fill(ASYNCHRONOUS, &[("Letters", &letters)]);
        Ok(letters)
    }

    /// Adds a queue of the function's own, with its mapping, dead-letter queue and subscription to events.
    fn queue(&mut self, entry: &Entry, timeout: u64) -> Result<(), Refusal> {
        let described = Description::below(entry, &QUEUE_FORM)?;
        let age = described.alarm(AGE)?;
        // Consumers are bounded: a backlog must not take the account's concurrency.
        let bound = described.require("ScalingConfig")?;
        if bound.value()?.get("MaximumConcurrency").and_then(Value::as_u64).is_none() {
            return Err(bound.refuse("ScalingConfig has to say MaximumConcurrency"));
        }
        let (comment, name) = match described.get("name") {
            Some(name) => (entry.comment() + &name.comment(), name.text()?),
            None => (entry.comment(), self.id.clone()),
        };
        let queue = format!("{name}Queue");
        // A stream or schedule of the same function has the dead-letter queue that is named after the
        // function.
        let letters = format!("{}DeadLetterQueue", if self.has_dead_letters { &queue } else { &name });
        self.shapes.push(fill(
            QUEUE,
            &[
                ("Name", &self.id),
                ("Queue", &queue),
                ("Letters", &letters),
                ("comment", &comment),
                ("visibility", &(6 * timeout).to_string()),
                ("properties", &described.properties(&[])),
                ("age", &age.seconds),
                ("age comment", &age.comment),
                ("age meaning", &age.meaning),
            ],
        ));
        self.dead_letter_queue(&letters, &described.alarm(DEAD_LETTERS)?);
        if let Some(events) = described.get("events") {
            self.shapes.push(fill(
                SUBSCRIPTION,
                &[
                    ("Name", &self.id),
                    ("Queue", &queue),
                    ("Letters", &letters),
                    ("comment", &events.comment()),
                    ("events", &events.texts()?.join(", ")),
                ],
            ));
        }
        self.rights += &fill(QUEUE_RIGHTS, &[("Queue", &queue)]);
        Ok(())
    }

    fn dead_letter_queue(&mut self, letters: &str, alarm: &Alarm) {
        let values = [("Letters", letters), ("comment", &alarm.comment), ("meaning", &alarm.meaning)];
        self.shapes.push(fill(DEAD_LETTER_QUEUE, &values));
        self.has_dead_letters = true;
    }
}
