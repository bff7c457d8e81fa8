-- Who has signed in. Only a digest of what their browser keeps.
CREATE TABLE session (
    digest BLOB PRIMARY KEY, person TEXT NOT NULL, role TEXT NOT NULL, provider TEXT NOT NULL,
    created INTEGER NOT NULL, expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_by_end ON session (expires);

-- Keys for programs. Only digests.
CREATE TABLE token (
    id TEXT PRIMARY KEY, digest BLOB NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL,
    created_by TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER, used INTEGER, revoked INTEGER, revoked_by TEXT
);

-- What was done by whom, and what it came to.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL, via TEXT NOT NULL,
    what TEXT NOT NULL, about TEXT NOT NULL, came_to TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_person ON audit (who, id);
