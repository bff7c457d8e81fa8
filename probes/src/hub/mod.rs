//! What BinderHub, JupyterHub and a Jupyter server say on the wire, and how a server is used and ended.

mod ask;
mod capacity;
mod event;
mod gone;
mod kernel;
mod lines;
mod own_pod;
mod proof;
mod server;
mod span;
mod trouble;
mod users;
mod vigil;

pub(crate) use ask::{Answer, AskError, Door};
pub(crate) use event::{BinderEvent, HubEvent, Phase};
pub(crate) use lines::tidy;
pub(crate) use own_pod::ClusterSettings;
pub(crate) use proof::{Weight, prove};
pub(crate) use server::{Errand, give_back, use_server};
pub(crate) use span::Span;
pub(crate) use trouble::Trouble;
pub(crate) use users::{HubServer, Listing, Pending, Users};
pub(crate) use vigil::Vigil;
