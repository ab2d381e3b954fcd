-- Wasl: the data keys under which raw bodies are encrypted, one current key a project.

SELECT pg_advisory_lock(7415307400);
SET lock_timeout = '10s';
SET client_min_messages = warning;

CREATE TABLE IF NOT EXISTS body_keys (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  -- Deleting the project deletes its keys: without them its bodies are noise, wherever copies may lie.
  project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  wrapped_key jsonb,
  -- One key a project and month (long before 2^32 bodies); the first that comes decides.
  month date NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  destroyed_at timestamptz,
  UNIQUE (project_id, month),
  CHECK ((wrapped_key IS NULL) = (destroyed_at IS NOT NULL))
);

RESET client_min_messages;
RESET lock_timeout;
SELECT pg_advisory_unlock(7415307400);

-- ── Roll back ───────────────────────────────────────────────────────────────────────────────────────────────────
/*
DROP TABLE IF EXISTS body_keys;
DELETE FROM wasl_migrations WHERE name = '076_body_keys.sql';
*/
