-- Wasl: what was asked under an `Idempotency-Key`, and how it was answered.

SET lock_timeout = 0;
SET statement_timeout = 0;
SELECT pg_advisory_lock(7415307400);
SET lock_timeout = '2s';
SET client_min_messages = warning;

CREATE TABLE IF NOT EXISTS idempotency_keys (
  -- What a handler derives its own ids from: the same for whoever takes the request over.
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  -- Of the API key; `all`: it has none.
  environment text NOT NULL CHECK (environment IN ('all', 'dev', 'staging', 'prod')),
  -- Method and pattern of the path.
  route text NOT NULL,
  -- SHA-256 of the key, and of what was asked: ids in the path, query, body.
  key_hash bytea NOT NULL,
  body_hash bytea NOT NULL,
  -- `open`: it may have happened or not, and whoever finds out settles it.
  status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'open', 'done')),
  response_status integer,
  -- An envelope; null: there was no body.
  response jsonb,
  lease_until timestamptz,
  lease_token bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  UNIQUE (project_id, environment, route, key_hash),
  CHECK ((status = 'running') = (lease_until IS NOT NULL)),
  CHECK ((status = 'done') = (response_status IS NOT NULL))
);
-- Which of ENCRYPTION_KEYS are in use is asked by every look at the health, over however many answers.
CREATE INDEX IF NOT EXISTS idempotency_keys_sealed ON idempotency_keys ((response ->> 'kid')) WHERE response IS NOT NULL;

-- ── The tenant barrier, where its role could be made (075) ──────────────────────────────────────────────────────
DO $$
DECLARE
  t record;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wasl_tenant') THEN
    RETURN;
  END IF;
  SELECT relrowsecurity, EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant') AS has_policy
  INTO t FROM pg_class c WHERE c.oid = 'idempotency_keys'::regclass;
  GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO wasl_tenant;
  IF NOT t.relrowsecurity THEN
    ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
  END IF;
  IF NOT t.has_policy THEN
    CREATE POLICY tenant ON idempotency_keys TO wasl_tenant
      USING (project_id = nullif(current_setting('wasl.project_id', true), '')::uuid
        AND coalesce(current_setting('wasl.environment', true), '') IN ('', environment));
  END IF;
END $$;

RESET client_min_messages;
RESET lock_timeout;
RESET statement_timeout;
SELECT pg_advisory_unlock(7415307400);

-- ── Roll back ───────────────────────────────────────────────────────────────────────────────────────────────────
/*
BEGIN;
DROP TABLE IF EXISTS idempotency_keys;
DELETE FROM wasl_migrations WHERE name = '081_idempotency.sql';
COMMIT;
*/
