-- Replicas. Who leads stands in two rows: `leader` is what writes hold on to and changes with the leader only,
-- `heartbeat` says until when, and is renewed whatever is being written.
INSERT INTO lease (name, holder, epoch, until) VALUES
    ('leader', '', 0, TIMESTAMPTZ 'epoch'), ('heartbeat', '', 0, TIMESTAMPTZ 'epoch');

-- What followers leave for the leader; `taken` is the epoch of the leader that took it.
CREATE TABLE letter_box (
    nr BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, body TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(), taken BIGINT, answer TEXT
);
CREATE INDEX letter_box_open ON letter_box (nr) WHERE answer IS NULL;
