-- What people do not want to be told, and what was not told.
CREATE TABLE silence (id TEXT PRIMARY KEY, until INTEGER NOT NULL, over INTEGER NOT NULL, json TEXT NOT NULL);

CREATE TABLE hidden (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, json TEXT NOT NULL);
CREATE INDEX hidden_by_time ON hidden (at);

-- What becomes of a delivery, in more detail.
--   due       since when it could have been told: of what it took the place of, where that was earlier
--   begun     handed to the post and not settled yet
--   doubt     it may have been told twice: the process ended between handing over and settling
--   refusals  how often the service refused it, and since when
--   instead   the broken channel in whose place this one tells
--   handed    another channel tells it as well
ALTER TABLE delivery ADD COLUMN due INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN begun INTEGER;
ALTER TABLE delivery ADD COLUMN doubt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN refused_since INTEGER;
ALTER TABLE delivery ADD COLUMN instead TEXT;
ALTER TABLE delivery ADD COLUMN handed INTEGER NOT NULL DEFAULT 0;
UPDATE delivery SET due = at;
CREATE INDEX delivery_next ON delivery (channel, next, at) WHERE state = 'owed';
CREATE INDEX delivery_due ON delivery (due, channel) WHERE state = 'owed';
CREATE INDEX delivery_begun ON delivery (channel) WHERE begun IS NOT NULL;
CREATE INDEX delivery_instead ON delivery (incident) WHERE instead IS NOT NULL;

-- How channels stand.
CREATE TABLE channel (
    name TEXT PRIMARY KEY, broken INTEGER, failures INTEGER NOT NULL, not_before INTEGER, worked INTEGER, why TEXT
) WITHOUT ROWID;
