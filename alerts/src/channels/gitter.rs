//! Gitter: its rooms live on Matrix, so this is Matrix under the name that people look for.

use super::matrix::MatrixSpec;
use crate::channel::Kind;

pub(super) const KIND: Kind = Kind::of::<MatrixSpec>(
    "gitter",
    "Gitter: the same as matrix; a room `org/room` of old is `#org_room:gitter.im` now",
    "homeserver: https://gitter.ems.host\naccess_token: syt_0000_example\nroom: '#jupyterhub_binder:gitter.im'\n",
);
