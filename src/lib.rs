//! The service: the only place where probes and alerts meet.

pub mod edges {
    //! The doors to the outside.
    pub mod post;
}
