-- Wasl: when a connection's health is asked about next, and what of it became news.

SET lock_timeout = 0;
SET statement_timeout = 0;
SELECT pg_advisory_lock(7415307400);
SET lock_timeout = '2s';
SET client_min_messages = warning;

-- Each connection has its own moment within the interval, so that all of them are spread over it.
ALTER TABLE integration_connections ADD COLUMN IF NOT EXISTS next_health_check timestamptz;
CREATE INDEX IF NOT EXISTS integration_connections_next_health_check
  ON integration_connections (coalesce(next_health_check, '-infinity')) WHERE status IN ('pending', 'connected');

-- One row a change, written with it; delivered as events from here.
CREATE TABLE IF NOT EXISTS connection_health_changes (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  environment integration_environment NOT NULL,
  connection_id uuid NOT NULL REFERENCES integration_connections (id) ON DELETE CASCADE,
  from_state integration_health_state NOT NULL,
  to_state integration_health_state NOT NULL,
  event_type text NOT NULL,
  -- A code, never a provider's text.
  message text,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS connection_health_changes_connection ON connection_health_changes (connection_id, id DESC);
CREATE INDEX IF NOT EXISTS connection_health_changes_project ON connection_health_changes (project_id, id DESC);

-- The tenant barrier, where its role could be made (075).
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wasl_tenant') THEN
    RETURN;
  END IF;
  GRANT SELECT, INSERT ON connection_health_changes TO wasl_tenant;
  IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = 'connection_health_changes'::regclass) THEN
    ALTER TABLE connection_health_changes ENABLE ROW LEVEL SECURITY;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = 'connection_health_changes'::regclass AND polname = 'tenant') THEN
    CREATE POLICY tenant ON connection_health_changes TO wasl_tenant
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
DROP TABLE IF EXISTS connection_health_changes;
DROP INDEX IF EXISTS integration_connections_next_health_check;
ALTER TABLE integration_connections DROP COLUMN IF EXISTS next_health_check;
DELETE FROM wasl_migrations WHERE name = '078_health_changes.sql';
COMMIT;
*/
