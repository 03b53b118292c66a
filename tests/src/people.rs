//! The three colleagues of the finance department who share two seats.

use hotseat_protocol::ids::RequestId;
use uuid::Uuid;

/// Somebody with a log-in of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// What colleagues call them.
    pub name: &'static str,
    /// What they log in with.
    pub email: &'static str,
    /// Their password.
    pub password: &'static str,
}

/// Lucy, who goes idle.
pub const LUCY: Person =
    Person { name: "Lucy", email: "lucy@finance.example", password: "lucy's own password" };
/// Bill, who works on.
pub const BILL: Person =
    Person { name: "Bill", email: "bill@finance.example", password: "bill's own password" };
/// Olaf, who finds the pool full.
pub const OLAF: Person =
    Person { name: "Olaf", email: "olaf@finance.example", password: "olaf's own password" };

/// All three, in the order in which they come to the office.
pub const COLLEAGUES: [Person; 3] = [LUCY, BILL, OLAF];

/// The id of a request that was never made before.
#[expect(
    clippy::disallowed_methods,
    reason = "whoever plays a caller is an outermost one, which makes the ids of its requests"
)]
#[must_use]
pub fn fresh_request() -> RequestId {
    RequestId(Uuid::new_v4())
}
