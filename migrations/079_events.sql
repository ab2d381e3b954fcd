-- Wasl: events are processed, found again, replayed, and become events of ours that go out (the outbox).

SET lock_timeout = 0;
SET statement_timeout = 0;
SELECT pg_advisory_lock(7415307400);
SET lock_timeout = '2s';
SET client_min_messages = warning;

-- ── Work ────────────────────────────────────────────────────────────────────────────────────────────────────────
-- Under which replay the present attempt runs; null: under none.
ALTER TABLE integration_events ADD COLUMN IF NOT EXISTS replay_id uuid;

-- Due work, connection by connection: whoever claims goes from one to the next, however much waits behind one of them.
CREATE INDEX IF NOT EXISTS integration_events_work
  ON integration_events (connection_id, coalesce(next_retry_at, created_at)) WHERE status IN ('pending', 'retrying');
-- Leases that ran out.
CREATE INDEX IF NOT EXISTS integration_events_leases
  ON integration_events (lease_until) WHERE status = 'processing';
-- Those that were under work when their worker died: worked on one at a time.
CREATE INDEX IF NOT EXISTS integration_events_suspects ON integration_events (next_retry_at)
  WHERE status = 'retrying' AND error_message = 'worker_lost';
-- They do the work of the one index over all of it that 074 once made.
DROP INDEX IF EXISTS integration_events_due;

-- What was not delivered but found at the provider is as good as what we were told after asking.
DO $$
BEGIN
  IF (SELECT pg_get_constraintdef(oid) FROM pg_constraint
      WHERE conrelid = 'integration_events'::regclass AND conname = 'integration_events_trust') NOT LIKE '%fetched%' THEN
    ALTER TABLE integration_events DROP CONSTRAINT integration_events_trust,
      ADD CONSTRAINT integration_events_trust
        CHECK (trust IN ('body_signed', 'fields_signed', 'shared_secret', 'none', 'fetched')) NOT VALID;
    ALTER TABLE integration_events VALIDATE CONSTRAINT integration_events_trust;
  END IF;
END $$;

-- ── Search ──────────────────────────────────────────────────────────────────────────────────────────────────────
-- Every event lies in one of these five, by its status: together they are one index over all of each connection's
-- events, and each is one over those of a status, however rare it is and whatever backlog lies in front of it. Not one
-- index with the status in its key: enums do not compare leak-proof, so that behind the tenant barrier none would be used.
CREATE INDEX IF NOT EXISTS integration_events_completed ON integration_events (connection_id, id) WHERE status = 'completed';
CREATE INDEX IF NOT EXISTS integration_events_pending ON integration_events (connection_id, id) WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS integration_events_retrying ON integration_events (connection_id, id) WHERE status = 'retrying';
CREATE INDEX IF NOT EXISTS integration_events_dead_letters
  ON integration_events (connection_id, id) WHERE status = 'dead_letter';
CREATE INDEX IF NOT EXISTS integration_events_rest
  ON integration_events (connection_id, id) WHERE status IN ('processing', 'failed');
CREATE INDEX IF NOT EXISTS integration_events_type ON integration_events (connection_id, event_type, id);

-- What an event speaks of: the provider's ids, and ours; and `type:` with what it became of our catalogue. Written when
-- it is processed.
CREATE TABLE IF NOT EXISTS event_references (
  project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  reference text NOT NULL,
  -- In the key, so that what one connection never had is not sought among all that the others have.
  connection_id uuid NOT NULL,
  event_id uuid NOT NULL,
  PRIMARY KEY (project_id, reference, connection_id, event_id)
);
-- Old ones are removed in the order in which they came.
CREATE INDEX IF NOT EXISTS event_references_event ON event_references USING brin (event_id);

-- What happened to an event beside its first success: attempts that failed, and replays.
CREATE TABLE IF NOT EXISTS event_attempts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  event_id uuid NOT NULL,
  project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('failed', 'replayed')),
  attempt integer NOT NULL,
  -- A code of ours; never a provider's text.
  code text,
  replay_id uuid,
  duration_ms integer,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS event_attempts_event ON event_attempts (event_id, at);
CREATE INDEX IF NOT EXISTS event_attempts_project ON event_attempts (project_id);

-- ── Replays ─────────────────────────────────────────────────────────────────────────────────────────────────────
-- One request to process again what a filter names. It walks from the oldest to the newest; where it is lies with it,
-- and moves in the transaction that moves the events, so that each has its turn once.
CREATE TABLE IF NOT EXISTS event_replays (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  environment integration_environment,
  requested_by text NOT NULL,
  reason text,
  filter jsonb NOT NULL DEFAULT '{}',
  status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'done', 'cancelled')),
  per_second integer NOT NULL DEFAULT 100 CHECK (per_second > 0),
  last_event_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  -- Nothing that comes after the request is part of it.
  until_event_id uuid NOT NULL,
  matched bigint NOT NULL DEFAULT 0,
  replayed bigint NOT NULL DEFAULT 0,
  next_step_at timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz
);
CREATE INDEX IF NOT EXISTS event_replays_running ON event_replays (next_step_at) WHERE status = 'running';
CREATE INDEX IF NOT EXISTS event_replays_project ON event_replays (project_id, id DESC);

-- ── The outbox ──────────────────────────────────────────────────────────────────────────────────────────────────
-- Events of ours, written in the transaction of the change that they tell of. The envelope is made when they are sent.
CREATE TABLE IF NOT EXISTS outgoing_events (
  -- Made from what it came from, so that whatever is processed twice makes it once.
  id uuid PRIMARY KEY,
  project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  environment integration_environment NOT NULL,
  connection_id uuid,
  provider text,
  -- The delivery it came from; null: it came from none.
  event_id uuid,
  type text NOT NULL,
  -- Our id of what it is about.
  subject text NOT NULL,
  -- When it happened at the provider.
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  data jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS outgoing_events_event ON outgoing_events (event_id) WHERE event_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS outgoing_events_project ON outgoing_events (project_id, id DESC);

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
      ('event_references', 'SELECT', ''),
      ('event_attempts', 'SELECT, INSERT', ''),
      ('event_replays', 'SELECT, INSERT, UPDATE', 'environment'),
      ('outgoing_events', 'SELECT, INSERT', 'environment')
    ) AS tables (name, rights, environment)
    JOIN pg_class c ON c.oid = tables.name::regclass
  LOOP
    EXECUTE format('GRANT %s ON %I TO wasl_tenant', t.rights, t.name);
    IF NOT t.relrowsecurity THEN
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t.name);
    END IF;
    CONTINUE WHEN t.has_policy;
    EXECUTE format('CREATE POLICY tenant ON %I TO wasl_tenant USING (%s)', t.name,
      'project_id = nullif(current_setting(''wasl.project_id'', true), '''')::uuid' || CASE t.environment WHEN '' THEN ''
        ELSE ' AND (coalesce(current_setting(''wasl.environment'', true), '''') IN ('''', environment::text))' END);
  END LOOP;
END $$;

RESET client_min_messages;
RESET lock_timeout;
RESET statement_timeout;
SELECT pg_advisory_unlock(7415307400);

-- ── Roll back ───────────────────────────────────────────────────────────────────────────────────────────────────
/*
BEGIN;
DROP TABLE IF EXISTS outgoing_events;
DROP TABLE IF EXISTS event_replays;
DROP TABLE IF EXISTS event_attempts;
DROP TABLE IF EXISTS event_references;
DROP INDEX IF EXISTS integration_events_type;
DROP INDEX IF EXISTS integration_events_rest;
DROP INDEX IF EXISTS integration_events_dead_letters;
DROP INDEX IF EXISTS integration_events_retrying;
DROP INDEX IF EXISTS integration_events_pending;
DROP INDEX IF EXISTS integration_events_completed;
DROP INDEX IF EXISTS integration_events_suspects;
DROP INDEX IF EXISTS integration_events_leases;
DROP INDEX IF EXISTS integration_events_work;
UPDATE integration_events SET trust = 'none' WHERE trust = 'fetched';
ALTER TABLE integration_events DROP COLUMN IF EXISTS replay_id, DROP CONSTRAINT IF EXISTS integration_events_trust;
ALTER TABLE integration_events ADD CONSTRAINT integration_events_trust
  CHECK (trust IN ('body_signed', 'fields_signed', 'shared_secret', 'none'));
DELETE FROM wasl_migrations WHERE name = '079_events.sql';
COMMIT;
*/
