//! Examples: how each client of the preset signs on or checks, and how it is refused, with the
//! fixed text that its application expects. All of it is read from the preset.

use std::collections::BTreeMap;

use hotseat_protocol::api::{CheckRequest, SeatRequest};
use hotseat_protocol::bounded_text::UserKey;
use hotseat_protocol::ids::{ClientName, Operation, RequestId, WallTime};
use hotseat_protocol::problem::{Code, HolderFact, Problem, RefusalFacts};
use hotseat_protocol::quantity::IdleSeconds;
use hotseat_rules::{PoolDefinition, Rule, presets};
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::{Content, OpenApi, RefOr};

use super::failures::operations;

/// Seats of the pool that the examples are about: Lucy and Bill have them.
const SEATS: u32 = 2;
/// When Lucy signed on; Bill did an hour later.
const SINCE: WallTime = WallTime { unix_ms: 1_795_000_000_000 };
/// What a client does that does not say what it is doing.
const USUAL: &str = "log-in";

type Examples = BTreeMap<String, RefOr<Example>>;

/// Adds them to the operations that they are of.
pub(super) fn add(document: &mut OpenApi) {
    let preset = presets::infor_crm(SEATS);
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            let rule = match operation.operation_id.as_deref() {
                Some("sign_on") => Rule::Hold,
                Some("check_seat") => Rule::Check,
                Some(_) | None => continue,
            };
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                for content in described(body.content.values_mut()) {
                    content.examples = requests_of(&preset, rule);
                }
            }
            let Some(RefOr::T(refused)) = operation.responses.responses.get_mut("409") else {
                continue;
            };
            for content in described(refused.content.values_mut()) {
                refusals(&preset, rule, content);
            }
        }
    }
}

/// Those that are described here and not elsewhere.
fn described<'a>(
    contents: impl Iterator<Item = &'a mut RefOr<Content>>,
) -> impl Iterator<Item = &'a mut Content> {
    contents.filter_map(|content| match content {
        RefOr::T(content) => Some(content),
        RefOr::Ref(_) => None,
    })
}

/// What each client of this rule asks, doing each thing that it may be doing.
fn requests_of(preset: &PoolDefinition, rule: Rule) -> Examples {
    let examples = cases(preset, rule).map(|(client, operation, _)| {
        let request_id = RequestId::from_random(1);
        let operation_said = (operation.as_str() != USUAL).then(|| operation.clone());
        let user = UserKey::new("lucy@finance.example").ok();
        let client_name = client.clone();
        let value = match rule {
            Rule::Hold => serde_json::to_value(SeatRequest {
                request_id,
                client: client_name,
                operation: operation_said,
                user,
                session: None,
                wait: None,
            }),
            Rule::Check => serde_json::to_value(CheckRequest {
                request_id,
                client: client_name,
                operation: operation_said,
                user,
            }),
        };
        let summary = format!("{client}: an application server asks for Lucy, {operation}");
        (name(client, operation), example(summary, value.ok()))
    });
    examples.collect()
}

fn refusals(preset: &PoolDefinition, rule: Rule, content: &mut Content) {
    let refusals = cases(preset, rule).map(|(client, operation, message)| {
        let value = serde_json::to_value(full(preset, message)).ok();
        let summary = format!("{client}: both seats are in use, {operation}");
        (name(client, operation), example(summary, value))
    });
    content.examples = refusals.collect();
    let disabled = Problem::new(
        Code::UserDisabled,
        "Your account is disabled. Your password is not the reason.",
        "Ask your administrator.",
    );
    let disabled = serde_json::to_value(disabled).ok();
    let disabled = example("The account is disabled".to_owned(), disabled);
    content.examples.insert("user_disabled".to_owned(), disabled);
}

fn cases(
    preset: &PoolDefinition,
    rule: Rule,
) -> impl Iterator<Item = (&ClientName, &Operation, Option<&String>)> {
    let clients = preset.clients.iter().filter(move |(_, client)| client.rule == rule);
    clients.flat_map(|(name, client)| {
        client.operations.iter().map(move |(operation, text)| (name, operation, text.as_ref()))
    })
}

fn name(client: &ClientName, operation: &Operation) -> String {
    if operation.as_str() == USUAL {
        client.to_string()
    } else {
        format!("{client}_{operation}").replace('-', "_")
    }
}

fn example(summary: String, value: Option<serde_json::Value>) -> RefOr<Example> {
    ExampleBuilder::new().summary(summary).value(value).build().into()
}

/// Olaf is refused: Lucy and Bill have the seats.
fn full(preset: &PoolDefinition, legacy_message: Option<&String>) -> Problem {
    let holder = |user: &str, since: WallTime, idle_s: u64| HolderFact {
        user: Some(user.to_owned()),
        client: preset.desktop_client.clone(),
        since,
        idle_s: IdleSeconds::new(idle_s),
    };
    let facts = RefusalFacts {
        legacy_message: legacy_message.cloned(),
        seats: SEATS,
        in_use: SEATS,
        waiting: 0,
        usually_waits_s: Some([600, 900]),
        holders: vec![holder("Lucy", SINCE, 840), holder("Bill", SINCE.later_by_ms(3_600_000), 20)],
    };
    let detail = "Both seats are in use: Lucy (idle 14 min) and Bill. You would be next.";
    let mut problem = Problem::new(Code::PoolFull, detail, "Wait for a seat, or ask them.");
    problem.facts = Some(Box::new(facts));
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_client_of_the_preset_has_its_example_with_its_fixed_text() {
        let preset = presets::infor_crm(SEATS);
        let mut clients: Vec<String> = Vec::new();
        for rule in [Rule::Hold, Rule::Check] {
            clients.extend(cases(&preset, rule).map(|(client, ..)| client.to_string()));
        }
        clients.sort();
        clients.dedup();
        assert_eq!(clients, ["mobile", "network", "outlook", "sdata", "web", "xbar"]);
    }
}
