-- What a message that its sender named said at first: SHA-256 of its content, which an edit
-- does not change. The same name for something else is not taken for a repetition.
ALTER TABLE messages ADD COLUMN content_hash bytea;
