-- Times are microseconds since 1970 unless their name says seconds. Numbers of probes and shapes are below 2^32.

-- Who leads: whoever writes knowledge shows the epoch that was given with the lead.
CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, epoch BIGINT NOT NULL, until TIMESTAMPTZ NOT NULL);

-- What the store keeps about itself; the row `batch` counts batches, and lets one follow the other.
CREATE TABLE meta (key TEXT PRIMARY KEY, value BIGINT NOT NULL);
INSERT INTO meta (key, value) VALUES ('batch', 0);

CREATE TABLE probe (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name TEXT NOT NULL UNIQUE);

-- What runs have in common, as JSON.
CREATE TABLE shape (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text TEXT NOT NULL);

-- Results in the compact form: a row a batch (its number), until enough of them are there to make blocks.
CREATE TABLE journal (
    id BIGINT PRIMARY KEY, first BIGINT NOT NULL, last BIGINT NOT NULL,
    count BIGINT NOT NULL, bad BIGINT NOT NULL, data BYTEA NOT NULL
);
ALTER TABLE journal ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE INDEX journal_by_last ON journal (last);

-- Results in the compact form: many of one probe. A partition a day, by the last of them: days are dropped whole.
CREATE TABLE block (
    id BIGINT GENERATED ALWAYS AS IDENTITY, probe BIGINT NOT NULL, first BIGINT NOT NULL, last BIGINT NOT NULL,
    count BIGINT NOT NULL, bad BIGINT NOT NULL, data BYTEA NOT NULL
) PARTITION BY RANGE (last);
ALTER TABLE block ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE INDEX block_by_probe ON block (probe, last);
CREATE INDEX block_by_last ON block (last);

-- Results in full, as JSON; by day as well. `batch` is the number of the batch that they came with.
CREATE TABLE run (
    probe BIGINT NOT NULL, slot BIGINT NOT NULL, batch BIGINT NOT NULL, bad BOOLEAN NOT NULL, data BYTEA NOT NULL,
    PRIMARY KEY (probe, slot)
) PARTITION BY RANGE (slot);
CREATE INDEX run_by_slot ON run (slot);
CREATE INDEX run_by_batch ON run (batch);

-- The last slot of every probe.
CREATE TABLE last (probe BIGINT PRIMARY KEY, slot BIGINT NOT NULL) WITH (fillfactor = 50);

-- Buckets of closed hours, in chunks; `chunk` in seconds.
CREATE TABLE bucket (
    tier BIGINT NOT NULL, probe BIGINT NOT NULL, chunk BIGINT NOT NULL, data BYTEA NOT NULL,
    PRIMARY KEY (tier, probe, chunk)
);
ALTER TABLE bucket ALTER COLUMN data SET STORAGE EXTERNAL;

-- Bytes that could not be read, set aside with the table they came from.
CREATE TABLE damaged (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, origin TEXT NOT NULL, data BYTEA NOT NULL);

-- Debts of launches. `sealed` is never in clear.
CREATE TABLE debt (
    nr BIGINT GENERATED ALWAYS AS IDENTITY, id TEXT PRIMARY KEY, what TEXT NOT NULL, since BIGINT NOT NULL,
    changed BIGINT NOT NULL, state TEXT NOT NULL, sealed BYTEA
);
CREATE INDEX debt_open ON debt (since) WHERE state IN ('begun', 'told');
