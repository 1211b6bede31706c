-- Who was erased, for good: whatever was on its way when it happened checks this under the
-- lock of the person's mailbox and brings nothing back.
CREATE TABLE erased_people (
    user_id uuid PRIMARY KEY,
    erased_at timestamptz NOT NULL
);
