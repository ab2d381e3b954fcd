-- Wasl: projects and their keys, webhook addresses, the quarantine, the audit, and the tenant barrier.

SET lock_timeout = 0;
SET statement_timeout = 0;
SELECT pg_advisory_lock(7415307400);
SET lock_timeout = '2s';
SET client_min_messages = warning;

-- What the platform knows of a project beside the host application's own row.
CREATE TABLE IF NOT EXISTS project_settings (
  project_id uuid PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
  country text CHECK (country ~ '^[A-Z]{2}$'),
  data_residency text[] NOT NULL DEFAULT '{}',
  return_origins text[] NOT NULL DEFAULT '{}',
  retention jsonb NOT NULL DEFAULT '{}',
  routing jsonb NOT NULL DEFAULT '{}',
  -- A row of the host's is never deleted; the project is only forgotten here.
  deleted_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS api_keys (
  id text PRIMARY KEY,
  project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  name text,
  environment integration_environment,
  scopes text[] NOT NULL,
  -- SHA-256 of the whole key: 256 random bits need no slow hash.
  key_hash bytea NOT NULL CHECK (length(key_hash) = 32),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS api_keys_project ON api_keys (project_id, id);

-- Where providers deliver. The address itself is in integration_connections.webhook_url; this is how it is found.
CREATE TABLE IF NOT EXISTS webhook_addresses (
  key_hash bytea PRIMARY KEY CHECK (length(key_hash) = 32),
  connection_id uuid NOT NULL REFERENCES integration_connections (id) ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  retires_at timestamptz
);
CREATE INDEX IF NOT EXISTS webhook_addresses_connection ON webhook_addresses (connection_id);

-- Deliveries that failed verification: headers, query and body lie in one object of the body store.
CREATE TABLE IF NOT EXISTS webhook_quarantine (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  environment integration_environment NOT NULL,
  connection_id uuid NOT NULL REFERENCES integration_connections (id) ON DELETE CASCADE,
  provider integration_provider_type NOT NULL,
  reason text NOT NULL,
  raw_body_url text NOT NULL,
  body_size integer NOT NULL,
  body_hash text NOT NULL,
  source_ip inet,
  received_at timestamptz NOT NULL DEFAULT now(),
  event_id uuid
);
CREATE INDEX IF NOT EXISTS webhook_quarantine_connection ON webhook_quarantine (connection_id, id DESC);
CREATE INDEX IF NOT EXISTS webhook_quarantine_project ON webhook_quarantine (project_id, id DESC);

-- Who changed what (security.md 9.2). Never a value, only names.
CREATE TABLE IF NOT EXISTS audit_log (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  project_id uuid,
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  details jsonb NOT NULL DEFAULT '{}',
  ip_address inet,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS audit_log_project ON audit_log (project_id, at);

CREATE OR REPLACE TRIGGER touch_updated_at BEFORE UPDATE ON project_settings
  FOR EACH ROW EXECUTE FUNCTION integration_touch_updated_at();

-- Caches of every replica hear what changed: a revoked key or a rotated secret holds within moments.
CREATE OR REPLACE FUNCTION wasl_announce_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('wasl_changed', TG_ARGV[0]);
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER announce_change AFTER UPDATE OF revoked_at, expires_at, scopes OR DELETE ON api_keys
  FOR EACH STATEMENT EXECUTE FUNCTION wasl_announce_change('api_keys');
CREATE OR REPLACE TRIGGER announce_change AFTER INSERT OR UPDATE OR DELETE ON webhook_addresses
  FOR EACH STATEMENT EXECUTE FUNCTION wasl_announce_change('connections');
CREATE OR REPLACE TRIGGER announce_change AFTER UPDATE OF status, credentials, config OR DELETE ON integration_connections
  FOR EACH STATEMENT EXECUTE FUNCTION wasl_announce_change('connections');
CREATE OR REPLACE TRIGGER announce_change AFTER UPDATE OR DELETE ON project_settings
  FOR EACH STATEMENT EXECUTE FUNCTION wasl_announce_change('connections');

-- ── The tenant barrier ──────────────────────────────────────────────────────────────────────────────────────────
-- A role that sees one project's rows only. Where this database user may not make roles, the queries' own scope
-- stands alone.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wasl_tenant') THEN
    CREATE ROLE wasl_tenant NOLOGIN;
  END IF;
  EXECUTE format('GRANT wasl_tenant TO %I', current_user);
EXCEPTION
  WHEN insufficient_privilege OR duplicate_object OR unique_violation OR invalid_grant_operation THEN NULL;
END $$;

-- A table is altered only where something is missing, so that a second run never holds one while it waits for another.
DO $$
DECLARE
  t record;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wasl_tenant') THEN
    RETURN;
  END IF;
  IF NOT has_schema_privilege('wasl_tenant', current_schema(), 'USAGE') THEN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO wasl_tenant', current_schema());
  END IF;
  GRANT SELECT ON integration_providers, projects TO wasl_tenant;
  FOR t IN
    SELECT tables.*, relrowsecurity, coalesce(obj_description(p.oid, 'pg_policy') = 'Wasl 075', false) AS has_policy
    FROM (VALUES
      ('integration_connections', 'SELECT, INSERT, UPDATE, DELETE', 'environment'),
      ('integration_events', 'SELECT, UPDATE', 'environment'),
      ('integration_api_logs', 'SELECT', 'environment'),
      ('webhook_quarantine', 'SELECT, UPDATE, DELETE', 'environment'),
      ('api_keys', 'SELECT, INSERT, UPDATE', 'project'),
      ('project_settings', 'SELECT, INSERT, UPDATE', 'project'),
      ('webhook_access_logs', 'SELECT, INSERT', 'project'),
      ('audit_log', 'SELECT, INSERT', 'project'),
      ('integration_webhook_configs', 'SELECT, INSERT, UPDATE, DELETE', 'connection'),
      ('webhook_addresses', 'SELECT, INSERT, UPDATE, DELETE', 'connection')
    ) AS tables (name, rights, scope)
    JOIN pg_class c ON c.oid = tables.name::regclass
    LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'tenant'
  LOOP
    EXECUTE format('GRANT %s ON %I TO wasl_tenant', t.rights, t.name);
    IF NOT t.relrowsecurity THEN
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t.name);
    END IF;
    CONTINUE WHEN t.has_policy;
    EXECUTE format('DROP POLICY IF EXISTS tenant ON %I', t.name);
    EXECUTE format('CREATE POLICY tenant ON %I TO wasl_tenant USING (%s)', t.name, CASE t.scope
      WHEN 'connection' THEN 'EXISTS (SELECT FROM integration_connections c WHERE c.id = connection_id)'
      ELSE 'project_id = nullif(current_setting(''wasl.project_id'', true), '''')::uuid' || CASE t.scope
        WHEN 'environment'
          THEN ' AND (coalesce(current_setting(''wasl.environment'', true), '''') IN ('''', environment::text))'
        ELSE '' END END);
    EXECUTE format('COMMENT ON POLICY tenant ON %I IS %L', t.name, 'Wasl 075');
  END LOOP;
END $$;

RESET client_min_messages;
RESET lock_timeout;
RESET statement_timeout;
SELECT pg_advisory_unlock(7415307400);

-- ── Roll back (the role stays: other databases of the server may use it) ─────────────────────────────────────────
/*
BEGIN;
DROP POLICY IF EXISTS tenant ON integration_connections;
DROP POLICY IF EXISTS tenant ON integration_events;
DROP POLICY IF EXISTS tenant ON integration_api_logs;
DROP POLICY IF EXISTS tenant ON webhook_access_logs;
DROP POLICY IF EXISTS tenant ON integration_webhook_configs;
ALTER TABLE integration_connections DISABLE ROW LEVEL SECURITY;
ALTER TABLE integration_events DISABLE ROW LEVEL SECURITY;
ALTER TABLE integration_api_logs DISABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_access_logs DISABLE ROW LEVEL SECURITY;
ALTER TABLE integration_webhook_configs DISABLE ROW LEVEL SECURITY;
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wasl_tenant') THEN
    EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM wasl_tenant', current_schema());
    REVOKE ALL ON integration_providers, projects, integration_connections, integration_events, integration_api_logs,
      webhook_access_logs, integration_webhook_configs FROM wasl_tenant;
  END IF;
END $$;
DROP TRIGGER IF EXISTS announce_change ON integration_connections;
DROP TABLE IF EXISTS audit_log;
DROP TABLE IF EXISTS webhook_quarantine;
DROP TABLE IF EXISTS webhook_addresses;
DROP TABLE IF EXISTS api_keys;
DROP TABLE IF EXISTS project_settings;
DROP FUNCTION IF EXISTS wasl_announce_change();
DELETE FROM wasl_migrations WHERE name = '075_projects_keys_webhooks.sql';
COMMIT;
*/
