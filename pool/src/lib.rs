//! The pool server.
