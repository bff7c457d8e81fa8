-- What somebody noted under a name: how far an export has come, and the like.
CREATE TABLE note (name TEXT PRIMARY KEY, text TEXT NOT NULL);
