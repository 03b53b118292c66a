//! Given/when/then over the whole core.
