-- Tokens of agents: what is seen from there may be reported, nothing else.
ALTER TABLE token ADD COLUMN location TEXT;
