-- Wasl: until when was looked for what never arrived, and whether providers know where to deliver.

SET lock_timeout = 0;
SET statement_timeout = 0;
SELECT pg_advisory_lock(7415307400);
SET lock_timeout = '2s';
SET client_min_messages = warning;

-- What a provider said had happened was compared with what arrived, for a connection, up to here.
CREATE TABLE IF NOT EXISTS webhook_gap_checks (
  connection_id uuid PRIMARY KEY REFERENCES integration_connections (id) ON DELETE CASCADE,
  checked_until timestamptz NOT NULL,
  -- By the last look.
  found integer NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);

-- How the registration of a connection's address at its provider was found; what is registered there lies in
-- integration_webhook_configs.
CREATE TABLE IF NOT EXISTS webhook_registrations (
  connection_id uuid PRIMARY KEY REFERENCES integration_connections (id) ON DELETE CASCADE,
  project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  environment integration_environment NOT NULL,
  -- null: the provider has not answered yet.
  state text CHECK (state IN ('in_order', 'missing', 'other_address', 'inactive', 'unsigned', 'duplicate', 'unknown')),
  -- Why it is unknown: a code of ours.
  reason text,
  checked_at timestamptz,
  -- When its turn was last, whatever came of it.
  tried_at timestamptz
);
CREATE INDEX IF NOT EXISTS webhook_registrations_project ON webhook_registrations (project_id);

-- ── The tenant barrier, where its role could be made (075) ──────────────────────────────────────────────────────
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wasl_tenant') THEN
    RETURN;
  END IF;
  GRANT SELECT, INSERT, UPDATE ON webhook_registrations TO wasl_tenant;
  IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = 'webhook_registrations'::regclass) THEN
    ALTER TABLE webhook_registrations ENABLE ROW LEVEL SECURITY;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = 'webhook_registrations'::regclass AND polname = 'tenant') THEN
    CREATE POLICY tenant ON webhook_registrations TO wasl_tenant
      USING (project_id = nullif(current_setting('wasl.project_id', true), '')::uuid
        AND coalesce(current_setting('wasl.environment', true), '') IN ('', environment::text));
  END IF;
END $$;

RESET client_min_messages;
RESET lock_timeout;
RESET statement_timeout;
SELECT pg_advisory_unlock(7415307400);

-- ── Roll back ───────────────────────────────────────────────────────────────────────────────────────────────────
/*
BEGIN;
DROP TABLE IF EXISTS webhook_registrations;
DROP TABLE IF EXISTS webhook_gap_checks;
DELETE FROM wasl_migrations WHERE name = '082_registrations.sql';
COMMIT;
*/
