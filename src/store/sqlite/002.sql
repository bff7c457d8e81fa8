-- What people do not want to be told, and what was not told.
CREATE TABLE silence (id TEXT PRIMARY KEY, until INTEGER NOT NULL, over INTEGER NOT NULL, json TEXT NOT NULL);

CREATE TABLE hidden (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, json TEXT NOT NULL);
CREATE INDEX hidden_by_time ON hidden (at);
