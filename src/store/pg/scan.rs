//! Every kept result of a time.
