-- Who hears of trouble by e-mail. The address is sealed; what finds it again is keyed: neither lies open.
--   finder    of the address, whatever its case
--   handle    the public part of the links in mails
--   asked     when they asked last, and for which targets (`wish`: JSON, null for all)
--   confirmed when they said that it was them, and for which targets (`targets`)
CREATE TABLE subscriber (
    id INTEGER PRIMARY KEY AUTOINCREMENT, finder BLOB NOT NULL UNIQUE, handle TEXT NOT NULL UNIQUE,
    address BLOB NOT NULL, asked INTEGER NOT NULL, wish TEXT, confirmed INTEGER, targets TEXT
);

-- Mails to them; columns as in `delivery`.
CREATE TABLE letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT, subscriber INTEGER NOT NULL, about TEXT NOT NULL, reason TEXT NOT NULL,
    at INTEGER NOT NULL, told TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    next INTEGER NOT NULL, begun INTEGER, doubt INTEGER NOT NULL DEFAULT 0, delivered_at INTEGER, error TEXT
);
CREATE INDEX letter_owed ON letter (next) WHERE state = 'owed';
CREATE INDEX letter_about ON letter (subscriber, about, id);
CREATE INDEX letter_asked ON letter (at) WHERE reason = 'confirm';
