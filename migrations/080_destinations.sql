-- Wasl: where our events go, and each one's way there.

SET lock_timeout = 0;
SET statement_timeout = 0;
SELECT pg_advisory_lock(7415307400);
SET lock_timeout = '2s';
SET client_min_messages = warning;

CREATE TABLE IF NOT EXISTS destinations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  -- null: of all three.
  environment integration_environment,
  name text,
  kind text NOT NULL DEFAULT 'http' CHECK (kind IN ('http', 'nats', 'kafka', 'rabbitmq', 'sqs')),
  -- Without user and password: those lie in the envelope.
  url text NOT NULL,
  -- What a broker needs beside its address and is no secret: subject, topic, exchange, region.
  config jsonb NOT NULL DEFAULT '{}',
  -- Empty: all. `payment.*` stands for a family.
  types text[] NOT NULL DEFAULT '{}',
  providers text[] NOT NULL DEFAULT '{}',
  ordered boolean NOT NULL DEFAULT false,
  schema_major integer NOT NULL DEFAULT 1 CHECK (schema_major > 0),
  status text NOT NULL DEFAULT 'enabled' CHECK (status IN ('enabled', 'disabled', 'deleted')),
  -- Why it is not enabled: `by_user`, `failing`, `gone`.
  disabled_reason text,
  -- Signing secrets, and a broker's credentials.
  secrets jsonb,
  -- Since when nothing has arrived; null: the last try did.
  failing_since timestamptz,
  last_success_at timestamptz,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS destinations_project ON destinations (project_id, id DESC);
CREATE OR REPLACE TRIGGER touch_updated_at BEFORE UPDATE ON destinations
  FOR EACH ROW EXECUTE FUNCTION integration_touch_updated_at();
CREATE OR REPLACE TRIGGER announce_change AFTER INSERT OR DELETE OR UPDATE OF url, config, secrets, status, ordered, schema_major
  ON destinations FOR EACH STATEMENT EXECUTE FUNCTION wasl_announce_change('destinations');

-- One event on its way to one destination. Written with the event, by whoever wrote that.
CREATE TABLE IF NOT EXISTS destination_deliveries (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  -- In the order in which they were written; of one object that is the order in which it changed.
  seq bigint GENERATED ALWAYS AS IDENTITY,
  project_id uuid NOT NULL,
  environment integration_environment NOT NULL,
  destination_id uuid NOT NULL REFERENCES destinations (id) ON DELETE CASCADE,
  outgoing_event_id uuid NOT NULL,
  -- Set where the destination wants order: then the next one of the same object waits for this one.
  order_key text,
  -- null: the first way there. Else the replay, or a request of its own, that sends it again.
  replay_id uuid,
  status text NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'processing', 'retrying', 'delivered', 'dead_letter', 'cancelled')),
  retry_count integer NOT NULL DEFAULT 0,
  next_retry_at timestamptz,
  lease_until timestamptz,
  lease_token bigint NOT NULL DEFAULT 0,
  -- A code of ours, as the last attempt ended.
  error_message text,
  delivered_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX IF NOT EXISTS destination_deliveries_once
  ON destination_deliveries (outgoing_event_id, destination_id, replay_id) NULLS NOT DISTINCT;
CREATE INDEX IF NOT EXISTS destination_deliveries_work
  ON destination_deliveries (destination_id, coalesce(next_retry_at, created_at)) WHERE status IN ('pending', 'retrying');
CREATE INDEX IF NOT EXISTS destination_deliveries_leases
  ON destination_deliveries (lease_until) WHERE status = 'processing';
CREATE INDEX IF NOT EXISTS destination_deliveries_suspects ON destination_deliveries (next_retry_at)
  WHERE status = 'retrying' AND error_message = 'worker_lost';
CREATE INDEX IF NOT EXISTS destination_deliveries_order ON destination_deliveries (destination_id, order_key, seq)
  WHERE order_key IS NOT NULL AND status IN ('pending', 'processing', 'retrying');
CREATE INDEX IF NOT EXISTS destination_deliveries_list ON destination_deliveries (project_id, id DESC);
CREATE INDEX IF NOT EXISTS destination_deliveries_of ON destination_deliveries (destination_id, id DESC);
-- Most arrive, and the list by project finds those at once; what is under way has indexes of its own.
CREATE INDEX IF NOT EXISTS destination_deliveries_trouble ON destination_deliveries (project_id, status, id DESC)
  WHERE status IN ('dead_letter', 'cancelled');

-- What each try met: the status, a code, and the redacted beginning of the answer.
CREATE TABLE IF NOT EXISTS delivery_attempts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  delivery_id uuid NOT NULL REFERENCES destination_deliveries (id) ON DELETE CASCADE,
  project_id uuid NOT NULL,
  attempt integer NOT NULL,
  outcome text NOT NULL,
  response_status integer,
  response_excerpt text,
  duration_ms integer NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS delivery_attempts_delivery ON delivery_attempts (delivery_id, at);

-- ── The tenant barrier, where its role could be made (075) ──────────────────────────────────────────────────────
DO $$
DECLARE
  t record;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wasl_tenant') THEN
    RETURN;
  END IF;
  FOR t IN
    SELECT tables.*, relrowsecurity, EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant') AS has_policy
    FROM (VALUES
      ('destinations', 'SELECT, INSERT, UPDATE',
        ' AND (environment IS NULL OR coalesce(current_setting(''wasl.environment'', true), '''') IN ('''', environment::text))'),
      ('destination_deliveries', 'SELECT, INSERT, UPDATE',
        ' AND (coalesce(current_setting(''wasl.environment'', true), '''') IN ('''', environment::text))'),
      ('delivery_attempts', 'SELECT', '')
    ) AS tables (name, rights, condition)
    JOIN pg_class c ON c.oid = tables.name::regclass
  LOOP
    EXECUTE format('GRANT %s ON %I TO wasl_tenant', t.rights, t.name);
    IF NOT t.relrowsecurity THEN
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t.name);
    END IF;
    CONTINUE WHEN t.has_policy;
    EXECUTE format('CREATE POLICY tenant ON %I TO wasl_tenant USING (%s)', t.name,
      'project_id = nullif(current_setting(''wasl.project_id'', true), '''')::uuid' || t.condition);
  END LOOP;
END $$;

RESET client_min_messages;
RESET lock_timeout;
RESET statement_timeout;
SELECT pg_advisory_unlock(7415307400);

-- ── Roll back ───────────────────────────────────────────────────────────────────────────────────────────────────
/*
BEGIN;
DROP TABLE IF EXISTS delivery_attempts;
DROP TABLE IF EXISTS destination_deliveries;
DROP TABLE IF EXISTS destinations;
DELETE FROM wasl_migrations WHERE name = '080_destinations.sql';
COMMIT;
*/
