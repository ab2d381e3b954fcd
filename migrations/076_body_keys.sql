-- Wasl: the data keys under which raw bodies are encrypted, one current key a project.

SET lock_timeout = 0;
SET statement_timeout = 0;
SELECT pg_advisory_lock(7415307400);
SET lock_timeout = '2s';
SET client_min_messages = warning;

CREATE TABLE IF NOT EXISTS body_keys (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  -- Deleting the project deletes its keys: without them its bodies are noise, wherever copies may lie.
  project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  wrapped_key jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- From here on it only opens; a younger key seals (long before 2^32 bodies).
  retired_at timestamptz,
  destroyed_at timestamptz,
  CHECK ((wrapped_key IS NULL) = (destroyed_at IS NOT NULL))
);
-- Two replicas that make a project's key at once: the index decides, and both use the one that was first.
CREATE UNIQUE INDEX IF NOT EXISTS body_keys_current ON body_keys (project_id)
  WHERE retired_at IS NULL AND destroyed_at IS NULL;
CREATE INDEX IF NOT EXISTS body_keys_project ON body_keys (project_id);

RESET client_min_messages;
RESET lock_timeout;
RESET statement_timeout;
SELECT pg_advisory_unlock(7415307400);

-- ── Roll back ───────────────────────────────────────────────────────────────────────────────────────────────────
/*
BEGIN;
DROP TABLE IF EXISTS body_keys;
DELETE FROM wasl_migrations WHERE name = '076_body_keys.sql';
COMMIT;
*/
