-- Deployments that somebody told of.
CREATE TABLE deploy (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, json TEXT NOT NULL);
CREATE INDEX deploy_by_time ON deploy (at);

-- What was told of one incident.
CREATE INDEX delivery_by_incident ON delivery (incident, at);
