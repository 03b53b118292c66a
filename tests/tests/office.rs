//! The office end to end: real pool server, brokers, trays and command lines. Each way in which a desktop or a
//! program can end is tried, and the journal is asked for the reason.
//!
//! What is asserted is order and reason; seconds are printed, and fail only far beyond what was promised.

mod office {
    mod comebacks;
    mod ends;
    mod held_back;
    mod interrupted;
    mod kept;
    mod offline;
    mod pool_ends;
    mod refusals;
    mod settings;
}
