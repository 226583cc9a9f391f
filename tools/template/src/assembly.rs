//! Joins what the pieces contribute into one template.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::block::Block;
use crate::part::{MAPPINGS, Part, Route, SCALARS};
use crate::shape::{below, fill, indented};
use crate::{Pieces, Refusal, function, pascal, workflow};

const HEAD: &str = include_str!("shapes/head.yaml");
const ROUTE: &str = include_str!("shapes/route.yaml");

/// The column at which the name of a piece ends, above what came from it.
const WIDTH: usize = 110;

/// Resource types that pieces describe instead of writing out, and the pieces that do.
const DESCRIBED: [(&str, &str); 4] = [
    ("AWS::Lambda::Function", "functions/<name>/function.yaml"),
    ("AWS::Serverless::Function", "functions/<name>/function.yaml"),
    ("AWS::Serverless::StateMachine", "statemachines/<name>.workflow.yaml"),
    ("AWS::StepFunctions::StateMachine", "statemachines/<name>.workflow.yaml"),
];

/// Settings for all functions, from the pieces of `infra/` and of workflows.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    /// The line or lines of each environment variable.
    pub(crate) environment: BTreeMap<String, String>,
    /// The timeout in seconds of a function that does not say its own.
    pub(crate) timeout: u64,
    /// The functions that workflows run.
    pub(crate) tasks: BTreeSet<String>,
}

/// Facts that a part needs about the other parts.
struct Whole<'a> {
    pieces: &'a Pieces,
    /// The type of each resource.
    types: BTreeMap<String, String>,
    /// The API's `paths`, as OpenAPI.
    paths: String,
}

/// Returns the text of the template.
pub(crate) fn assemble(pieces: &Pieces) -> Result<String, Refusal> {
    let mut settings = Settings::default();
    let (mut functions, mut workflows, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    for (path, text) in pieces.files() {
        match path.split('/').collect::<Vec<_>>()[..] {
            ["functions", name, "function.yaml"] => functions.push((path, name, text)),
            ["infra", _] => parts.push(infra(path, text, &mut settings)?),
            ["statemachines", file] => {
                workflows.extend(file.strip_suffix(".workflow.yaml").map(|name| (path, name, text)));
            }
            _ => {}
        }
    }
    for (path, name, text) in workflows {
        let piece = describing(path, text, &format!("{}StateMachine", pascal(name)))?;
        parts.push(workflow::part(path, name, &piece, &mut settings.tasks)?);
    }
    for (path, name, text) in functions {
        let piece = describing(path, text, &format!("{}Function", pascal(name)))?;
        parts.push(function::part(path, name, &piece, &settings)?);
    }
    parts.sort_by_key(|part| part.path);
    let whole = Whole { pieces, types: types(&parts)?, paths: paths(&parts)? };
    write(&parts, &whole)
}

/// Returns a piece without its first line, which has to say where the piece goes.
fn piece<'a>(path: &'a str, text: &'a str, becomes: &str) -> Result<Block<'a>, Refusal> {
    let head = format!("# {becomes} template.yaml (make template). The form: tools/template/README.md.");
    Block::of_piece(path, text, &head)
}

/// Returns a piece that describes the function or workflow with the given logical id.
fn describing<'a>(path: &'a str, text: &'a str, id: &str) -> Result<Block<'a>, Refusal> {
    piece(path, text, &format!("Becomes {id} in"))
}

/// Returns the sections that a piece of `infra/` contributes, and adds its settings to `settings`.
fn infra<'a>(path: &'a str, text: &'a str, settings: &mut Settings) -> Result<Part<'a>, Refusal> {
    let mut part = Part::new(path, None, Vec::new());
    for section in piece(path, text, "Goes into")?.entries()? {
        if section.name == "environment" {
            let variables = section.children()?;
            settings.environment.extend(variables.iter().map(|entry| (entry.name.to_owned(), entry.lines())));
            continue;
        }
        if let Some(timeout) = section.value()?.pointer("/Function/Timeout").and_then(Value::as_u64) {
            settings.timeout = timeout;
        }
        part.add_section(&section)?;
    }
    Ok(part)
}

/// Returns the type of each resource by its logical id. Refuses a name that two parts give to one section.
fn types(parts: &[Part]) -> Result<BTreeMap<String, String>, Refusal> {
    let mut types = BTreeMap::new();
    let mut owners = BTreeMap::new();
    for (part, section) in parts.iter().flat_map(|part| MAPPINGS.map(|section| (part, section))) {
        for (id, value) in part.parsed(section)? {
            if let Some(other) = owners.insert((section, id.clone()), part.path) {
                return Err(Refusal::new(part.path, format!("{section} has {id} from {other} already")));
            }
            if section == "Resources" {
                let kind = value.get("Type").and_then(Value::as_str).unwrap_or_default();
                is_in_its_place(part, &id, kind)?;
                types.insert(id, kind.to_owned());
            }
        }
    }
    Ok(types)
}

/// Refuses functions and workflows that are written out: they would lack what all others have.
fn is_in_its_place(part: &Part, id: &str, kind: &str) -> Result<(), Refusal> {
    match DESCRIBED.iter().find(|(described, _)| *described == kind) {
        Some((_, place)) if part.describes.as_deref() != Some(id) => {
            Err(Refusal::new(part.path, format!("{id} has to be described in {place}")))
        }
        _ => Ok(()),
    }
}

/// Returns the routes of all parts, as OpenAPI's `paths`.
fn paths(parts: &[Part]) -> Result<String, Refusal> {
    let mut paths: BTreeMap<&str, BTreeMap<&str, &Route>> = BTreeMap::new();
    for route in parts.iter().flat_map(|part| &part.routes) {
        if let Some(other) = paths.entry(&route.path).or_default().insert(&route.method, route) {
            let problem = format!("{} answers this route already, see {}", other.function, other.place);
            return Err(Refusal::new(&route.place, problem));
        }
    }
    let operation = |route: &&Route| {
        let names = route.path.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
        let parameters: String =
            names.map(|name| format!("- {{name: {name}, in: path, required: true}}\n")).collect();
        fill(
            ROUTE,
            &[
                ("comment", &route.comment),
                ("method", &route.method),
                ("name", &route.function),
                ("parameters", &below("parameters", &parameters)),
            ],
        )
    };
    let path = |(path, methods): (&&str, &BTreeMap<&str, &Route>)| {
        below(path, &methods.values().map(operation).collect::<String>())
    };
    Ok(paths.iter().map(path).collect())
}

fn write(parts: &[Part], whole: &Whole) -> Result<String, Refusal> {
    let mut template = format!("{HEAD}\n");
    for section in SCALARS {
        template.extend(parts.iter().map(|part| part.section(section)));
    }
    for section in MAPPINGS {
        let parts: Vec<_> = parts.iter().filter(|part| !part.section(section).is_empty()).collect();
        if !parts.is_empty() {
            template += &format!("\n{section}:\n");
        }
        for (index, part) in parts.iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n" };
            let name = format!(" {}", part.path);
            template += &format!("{gap}  # {name:=>width$}\n\n", width = WIDTH - "  # ".len());
            template += &indented(&whole.expanded(part.path, part.section(section))?, "  ");
        }
    }
    Ok(template)
}

impl Whole<'_> {
    /// Returns the text of a piece with `!Routes`, `!Include <file>` and `!Arn <resource>` replaced.
    fn expanded(&self, path: &str, text: &str) -> Result<String, Refusal> {
        let mut expanded = String::new();
        for line in text.lines() {
            let indentation = line.len() - line.trim_start().len();
            let inner = " ".repeat(indentation + 2);
            if let Some((before, resource)) = line.split_once("!Arn ") {
                let arn = self.arn(resource);
                let arn = arn.ok_or_else(|| {
                    Refusal::new(path, format!("rights name {resource}, which is no resource"))
                })?;
                expanded += &format!("{before}{arn}\n");
            } else if let Some(key) = line.strip_suffix(" !Routes") {
                expanded += &format!("{key}\n{}", indented(&self.paths, &inner));
            } else if let Some((key, file)) = line.split_once(" !Include ") {
                let content = self.pieces.text(file);
                let content = content
                    .ok_or_else(|| Refusal::new(path, format!("includes {file}, which is not there")))?;
                expanded += &format!("{key} |\n{}", indented(content, &inner));
            } else {
                expanded += &format!("{line}\n");
            }
        }
        Ok(expanded)
    }

    /// Returns the ARN of a resource, or of a path below it: `UploadsBucket/incoming/*`.
    fn arn(&self, resource: &str) -> Option<String> {
        let (id, below) = resource.split_once('/').map_or((resource, None), |(id, below)| (id, Some(below)));
        Some(match (self.types.get(id)?.as_str(), below) {
            ("AWS::CloudFront::Distribution", None) => {
                format!("!Sub arn:${{AWS::Partition}}:cloudfront::${{AWS::AccountId}}:distribution/${{{id}}}")
            }
            ("AWS::SNS::Topic" | "AWS::Serverless::StateMachine", None) => format!("!Ref {id}"),
            (_, None) => format!("!GetAtt {id}.Arn"),
            (_, Some(below)) => format!("!Sub \"${{{id}.Arn}}/{below}\""),
        })
    }
}
