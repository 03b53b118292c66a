//! Pools that ship as data.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use core::time::Duration;

use hotseat_protocol::ids::{ClientName, Operation, PoolId};

use crate::{ClientDefinition, PoolDefinition, Rule};

/// One line of the table: client, rule, session time-out, and what the client may be doing, each
/// with its fixed message.
type Line = (&'static str, Rule, Option<Duration>, &'static [(&'static str, Option<&'static str>)]);

/// The session time-out of Infor's web client.
const WEB_TIMEOUT: Duration = Duration::from_secs(20 * 60);

/// The six clients. Their messages are quoted facts, to the letter.
const INFOR_CRM: [Line; 6] = [
    (
        "network",
        Rule::Hold,
        None,
        &[("log-in", Some("there are no concurrent licenses available for use"))],
    ),
    (
        "web",
        Rule::Hold,
        Some(WEB_TIMEOUT),
        &[("log-in", Some("no Valid Concurrent User license available"))],
    ),
    ("mobile", Rule::Check, None, &[("log-in", Some("the user name or password is invalid"))]),
    ("xbar", Rule::Check, None, &[("log-in", Some("one or more errors occurred"))]),
    (
        "outlook",
        Rule::Check,
        None,
        &[
            ("log-in", None),
            ("synchronise", None),
            (
                "send-to-crm",
                Some(
                    "could not process ‘Send To CRM’ message: The username or password is incorrect",
                ),
            ),
        ],
    ),
    ("sdata", Rule::Check, None, &[("log-in", None)]),
];

/// The names of the presets, for help and error texts.
pub const NAMES: [&str; 1] = ["infor-crm"];

/// The preset of this name.
#[must_use]
pub fn by_name(name: &str, seats: u32) -> Option<PoolDefinition> {
    (name == "infor-crm").then(|| infor_crm(seats))
}

/// Infor CRM with its six clients: pool `infor-crm`.
#[must_use]
pub fn infor_crm(seats: u32) -> PoolDefinition {
    let clients = INFOR_CRM.iter().map(|(name, rule, session_timeout, operations)| {
        let operations = operations.iter().map(|(operation, message)| {
            (name_of(Operation::new(*operation)), message.map(str::to_owned))
        });
        let definition = ClientDefinition {
            rule: *rule,
            session_timeout: *session_timeout,
            operations: operations.collect(),
        };
        (name_of(ClientName::new(*name)), definition)
    });
    let clients: BTreeMap<_, _> = clients.collect();
    let desktop = name_of(ClientName::new("network"));
    PoolDefinition::with_defaults(
        name_of(PoolId::new("infor-crm")),
        "Infor CRM",
        seats,
        clients,
        desktop,
    )
}

fn name_of<T, E: core::fmt::Debug>(name: Result<T, E>) -> T {
    name.expect("the names in the table are valid")
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::*;

    fn message(client: &str, operation: &str) -> Option<String> {
        let (client, operation) = (ClientName::new(client), Operation::new(operation));
        infor_crm(2).fixed_message(&client.unwrap(), &operation.unwrap()).map(ToOwned::to_owned)
    }

    #[test]
    fn the_six_clients_are_those_of_the_table() {
        let definition = infor_crm(2);
        assert_eq!(definition.validate(), Ok(()));
        assert_eq!((definition.id.as_str(), definition.name.as_str()), ("infor-crm", "Infor CRM"));
        assert_eq!((definition.seats, definition.desktop_client.as_str()), (2, "network"));
        let rules: Vec<_> = definition
            .clients
            .iter()
            .map(|(name, client)| (name.as_str(), client.rule, client.session_timeout))
            .collect();
        let expected = [
            ("mobile", Rule::Check, None),
            ("network", Rule::Hold, None),
            ("outlook", Rule::Check, None),
            ("sdata", Rule::Check, None),
            ("web", Rule::Hold, Some(Duration::from_secs(1200))),
            ("xbar", Rule::Check, None),
        ];
        assert_eq!(rules, expected);
    }

    #[test]
    fn the_messages_are_quoted_to_the_letter() {
        for (client, operation, expected) in [
            ("network", "log-in", "there are no concurrent licenses available for use"),
            ("web", "log-in", "no Valid Concurrent User license available"),
            ("mobile", "log-in", "the user name or password is invalid"),
            ("xbar", "log-in", "one or more errors occurred"),
            (
                "outlook",
                "send-to-crm",
                "could not process \u{2018}Send To CRM\u{2019} message: The username or password is incorrect",
            ),
        ] {
            assert_eq!(message(client, operation).as_deref(), Some(expected));
        }
        for (client, operation) in
            [("outlook", "log-in"), ("outlook", "synchronise"), ("sdata", "log-in")]
        {
            assert_eq!(message(client, operation), None);
        }
    }

    #[test]
    fn a_preset_is_found_by_its_name() {
        for name in NAMES {
            assert!(by_name(name, 1).is_some());
        }
        assert_eq!(by_name("infor", 1), None);
    }
}
