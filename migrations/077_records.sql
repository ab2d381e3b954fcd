-- Wasl: metrics written in batches, each batch once; what the list of outbound calls asks.

SET lock_timeout = 0;
SET statement_timeout = 0;
SELECT pg_advisory_lock(7415307400);
SET lock_timeout = '2s';
SET client_min_messages = warning;

-- ── Outbound calls ──────────────────────────────────────────────────────────────────────────────────────────────
ALTER TABLE integration_api_logs
  ADD COLUMN IF NOT EXISTS operation text,
  ADD COLUMN IF NOT EXISTS attempt integer;
-- Most calls go well with 200, and the list by project finds those at once; these two hold the rest.
CREATE INDEX IF NOT EXISTS integration_api_logs_errors ON integration_api_logs (project_id, id DESC) WHERE is_error;
CREATE INDEX IF NOT EXISTS integration_api_logs_status ON integration_api_logs (project_id, response_status, id DESC)
  WHERE response_status <> 200;

-- ── Metrics ─────────────────────────────────────────────────────────────────────────────────────────────────────
-- A project asks for its connections' hours.
CREATE INDEX IF NOT EXISTS integration_metrics_hourly_connection ON integration_metrics_hourly (connection_id, hour);

-- Which batch of a process was written last. Committed with it, so that one whose answer was lost can be sent again.
CREATE TABLE IF NOT EXISTS metric_writers (
  id uuid PRIMARY KEY,
  last_flush bigint NOT NULL,
  flushed_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- What a process has counted, hour by hour: the same rows as record_integration_metric() makes one by one, which knows
-- the current hour only. Answers false, and writes nothing, where this batch was written before.
-- p_rows: [{provider, connection_id, hour, <counter>: n …, response_time_count, response_time_sum_ms,
-- response_time_buckets}], each provider, connection and hour once. Connections that are gone have no rows.
CREATE OR REPLACE FUNCTION record_integration_metrics(p_writer uuid, p_flush bigint, p_rows json)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO metric_writers AS w (id, last_flush) VALUES (p_writer, p_flush)
  ON CONFLICT (id) DO UPDATE SET last_flush = excluded.last_flush, flushed_at = now()
    WHERE w.last_flush < excluded.last_flush;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  INSERT INTO integration_metrics_hourly AS m (
    provider, connection_id, hour,
    total_connections, new_connections, failed_connections, api_calls_total, api_calls_success, api_calls_failed,
    webhooks_received, webhooks_processed, webhooks_failed, rate_limit_hits,
    response_time_count, response_time_sum_ms, response_time_buckets, avg_response_time_ms
  )
  SELECT p.provider, r.connection_id, date_trunc('hour', r.hour, 'UTC'),
    coalesce(r.total_connections, 0), coalesce(r.new_connections, 0), coalesce(r.failed_connections, 0),
    coalesce(r.api_calls_total, 0), coalesce(r.api_calls_success, 0), coalesce(r.api_calls_failed, 0),
    coalesce(r.webhooks_received, 0), coalesce(r.webhooks_processed, 0), coalesce(r.webhooks_failed, 0),
    coalesce(r.rate_limit_hits, 0),
    coalesce(r.response_time_count, 0), coalesce(r.response_time_sum_ms, 0),
    coalesce(r.response_time_buckets, array_fill(0::bigint, ARRAY[16])),
    r.response_time_sum_ms::double precision / nullif(r.response_time_count, 0)
  FROM json_to_recordset(p_rows) AS r (
    provider text, connection_id uuid, hour timestamptz,
    total_connections bigint, new_connections bigint, failed_connections bigint, api_calls_total bigint,
    api_calls_success bigint, api_calls_failed bigint, webhooks_received bigint, webhooks_processed bigint,
    webhooks_failed bigint, rate_limit_hits bigint,
    response_time_count bigint, response_time_sum_ms bigint, response_time_buckets bigint[])
  JOIN integration_providers p ON p.provider::text = r.provider
  WHERE r.connection_id IS NULL OR EXISTS (SELECT FROM integration_connections c WHERE c.id = r.connection_id)
  -- In one order, so that two processes never wait for each other crosswise.
  ORDER BY r.provider, r.connection_id, r.hour
  ON CONFLICT (provider, connection_id, hour) DO UPDATE SET
    total_connections = m.total_connections + excluded.total_connections,
    new_connections = m.new_connections + excluded.new_connections,
    failed_connections = m.failed_connections + excluded.failed_connections,
    api_calls_total = m.api_calls_total + excluded.api_calls_total,
    api_calls_success = m.api_calls_success + excluded.api_calls_success,
    api_calls_failed = m.api_calls_failed + excluded.api_calls_failed,
    webhooks_received = m.webhooks_received + excluded.webhooks_received,
    webhooks_processed = m.webhooks_processed + excluded.webhooks_processed,
    webhooks_failed = m.webhooks_failed + excluded.webhooks_failed,
    rate_limit_hits = m.rate_limit_hits + excluded.rate_limit_hits,
    response_time_count = m.response_time_count + excluded.response_time_count,
    response_time_sum_ms = m.response_time_sum_ms + excluded.response_time_sum_ms,
    response_time_buckets = (SELECT array_agg(coalesce(old.n, 0) + coalesce(new.n, 0) ORDER BY new.slot)
      FROM unnest(excluded.response_time_buckets) WITH ORDINALITY AS new (n, slot)
      LEFT JOIN unnest(m.response_time_buckets) WITH ORDINALITY AS old (n, slot) USING (slot)),
    avg_response_time_ms = (m.response_time_sum_ms + excluded.response_time_sum_ms)::double precision
      / nullif(m.response_time_count + excluded.response_time_count, 0);
  RETURN true;
END $$;

-- ── The tenant barrier: hours of one's own connections ──────────────────────────────────────────────────────────
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wasl_tenant') THEN
    RETURN;
  END IF;
  GRANT SELECT ON integration_metrics_hourly TO wasl_tenant;
  IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = 'integration_metrics_hourly'::regclass) THEN
    ALTER TABLE integration_metrics_hourly ENABLE ROW LEVEL SECURITY;
  END IF;
  IF EXISTS (SELECT FROM pg_policy WHERE polrelid = 'integration_metrics_hourly'::regclass AND polname = 'tenant'
             AND obj_description(oid, 'pg_policy') = 'Wasl 077') THEN
    RETURN;
  END IF;
  DROP POLICY IF EXISTS tenant ON integration_metrics_hourly;
  CREATE POLICY tenant ON integration_metrics_hourly TO wasl_tenant
    USING (EXISTS (SELECT FROM integration_connections c WHERE c.id = connection_id));
  COMMENT ON POLICY tenant ON integration_metrics_hourly IS 'Wasl 077';
END $$;

RESET client_min_messages;
RESET lock_timeout;
RESET statement_timeout;
SELECT pg_advisory_unlock(7415307400);

-- ── Roll back ───────────────────────────────────────────────────────────────────────────────────────────────────
/*
BEGIN;
DROP POLICY IF EXISTS tenant ON integration_metrics_hourly;
ALTER TABLE integration_metrics_hourly DISABLE ROW LEVEL SECURITY;
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wasl_tenant') THEN
    REVOKE ALL ON integration_metrics_hourly FROM wasl_tenant;
  END IF;
END $$;
DROP FUNCTION IF EXISTS record_integration_metrics(uuid, bigint, json);
DROP TABLE IF EXISTS metric_writers;
DROP INDEX IF EXISTS integration_metrics_hourly_connection;
DROP INDEX IF EXISTS integration_api_logs_status;
DROP INDEX IF EXISTS integration_api_logs_errors;
ALTER TABLE integration_api_logs DROP COLUMN IF EXISTS operation, DROP COLUMN IF EXISTS attempt;
DELETE FROM wasl_migrations WHERE name = '077_records.sql';
COMMIT;
*/
