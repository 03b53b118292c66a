//! A text that is never shown by accident.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A text that must not be seen: passwords, tokens, credentials. `Debug` hides it.
///
/// It has no limits of its own: one that is asked with is compared and kept nowhere, and what is
/// kept has those of [`bounded_text`](crate::bounded_text).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = "password", min_length = 1, max_length = 512)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; call it only where it is used.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
