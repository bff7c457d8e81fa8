-- Times are microseconds since 1970 unless their name says seconds.

CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE probe (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);

-- What runs have in common, as JSON.
CREATE TABLE shape (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);

-- Results in the compact form: a row a batch, until enough of them are there to make blocks.
CREATE TABLE journal (
    id INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL,
    count INTEGER NOT NULL, bad INTEGER NOT NULL, data BLOB NOT NULL
);

-- Results in the compact form: many of one probe. Rows are only ever appended, so that pages are full.
CREATE TABLE block (
    id INTEGER PRIMARY KEY, probe INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    count INTEGER NOT NULL, bad INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE INDEX block_by_probe ON block (probe, last);
CREATE INDEX block_by_last ON block (last);

-- Results in full, as JSON.
CREATE TABLE run (
    id INTEGER PRIMARY KEY, probe INTEGER NOT NULL, slot INTEGER NOT NULL, bad INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE UNIQUE INDEX run_by_probe ON run (probe, slot);
CREATE INDEX run_by_slot ON run (slot);

-- Buckets of closed hours, in chunks; `chunk` in seconds.
CREATE TABLE bucket (
    tier INTEGER NOT NULL, probe INTEGER NOT NULL, chunk INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (tier, probe, chunk)
) WITHOUT ROWID;

-- Blobs that could not be read, set aside with the table they came from.
CREATE TABLE damaged (id INTEGER PRIMARY KEY, origin TEXT NOT NULL, data BLOB NOT NULL);

CREATE TABLE alert (key TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE incident (
    id TEXT PRIMARY KEY, opened_at INTEGER NOT NULL, resolved_at INTEGER, json TEXT NOT NULL
);
CREATE INDEX incident_by_opening ON incident (opened_at);
CREATE INDEX incident_open ON incident (opened_at) WHERE resolved_at IS NULL;

CREATE TABLE notification (
    id TEXT PRIMARY KEY, incident TEXT NOT NULL, at INTEGER NOT NULL, json TEXT NOT NULL
);

CREATE TABLE delivery (
    id INTEGER PRIMARY KEY, notification TEXT NOT NULL, channel TEXT NOT NULL, incident TEXT NOT NULL,
    kind TEXT NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    next INTEGER NOT NULL, delivered_at INTEGER, message TEXT, settled TEXT, error TEXT,
    UNIQUE (notification, channel)
);
CREATE INDEX delivery_owed ON delivery (incident, channel, id) WHERE state = 'owed';
CREATE INDEX delivery_thread ON delivery (incident, channel, id) WHERE message IS NOT NULL;
CREATE INDEX delivery_by_time ON delivery (at);

-- Debts of launches. `sealed` is never in clear.
CREATE TABLE debt (
    id TEXT PRIMARY KEY, what TEXT NOT NULL, since INTEGER NOT NULL, changed INTEGER NOT NULL,
    state TEXT NOT NULL, sealed BLOB
);
CREATE INDEX debt_open ON debt (since) WHERE state IN ('begun', 'told');
