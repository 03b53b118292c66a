//! Stores that were spoilt in every way, and what is said of them.
