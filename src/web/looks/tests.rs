//! What only a look at the pages as a whole can show.
