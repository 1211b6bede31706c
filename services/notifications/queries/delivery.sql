-- Jobs of this service: beyond what marquis_database::jobs offers.

-- A job postponed by its own handler; harmless when it is done twice.
--! postpone_job
INSERT INTO jobs (id, kind, payload, run_at, max_attempts, created_at)
VALUES (:id, :kind, :payload, :run_at, :max_attempts, :now)
ON CONFLICT (id) DO NOTHING;

--: DeadJob (last_error?)

--! dead_deliveries : DeadJob
SELECT id, kind, payload, attempts, created_at, died_at AS died, last_error FROM jobs
WHERE died_at IS NOT NULL ORDER BY died_at DESC, id LIMIT :limit OFFSET :offset;

--! count_dead_deliveries
SELECT count(*) FROM jobs WHERE died_at IS NOT NULL;

--! drop_dead_delivery
DELETE FROM jobs WHERE id = :id AND died_at IS NOT NULL;
