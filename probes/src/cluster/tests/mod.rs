//! What a list and a watch must hold, whatever the API does.

mod lists;
mod rights;
mod watches;
