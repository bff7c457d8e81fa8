//! The public pages as people see them.
