-- What all migrations make. Written anew by: UPDATE=1 npm test -- test/schema.spec.ts

CREATE TYPE integration_auth_method AS ENUM (
  'oauth2',
  'oauth2_pkce',
  'api_key',
  'webhook_secret',
  'jwt',
  'basic_auth',
  'custom'
);

CREATE TYPE integration_category AS ENUM (
  'payment',
  'communication',
  'logistics',
  'deploy',
  'auth',
  'analytics',
  'development',
  'database',
  'storage',
  'monitoring',
  'marketing',
  'crm'
);

CREATE TYPE integration_connection_status AS ENUM (
  'pending',
  'connected',
  'failed',
  'expired',
  'refreshing',
  'disconnected',
  'suspended'
);

CREATE TYPE integration_environment AS ENUM (
  'dev',
  'staging',
  'prod'
);

CREATE TYPE integration_event_status AS ENUM (
  'pending',
  'processing',
  'completed',
  'failed',
  'retrying',
  'dead_letter'
);

CREATE TYPE integration_health_state AS ENUM (
  'unknown',
  'healthy',
  'degraded',
  'unhealthy'
);

CREATE TYPE integration_provider_type AS ENUM (
  'tap_payments',
  'paymob',
  'tabby',
  'tamara',
  'moyasar',
  'paytabs',
  'unifonic',
  'infobip',
  'aramex',
  'smsa',
  'fetchr',
  'aws_me',
  'azure_me',
  'github',
  'supabase',
  'cloudflare',
  'vercel',
  'stripe',
  'paypal',
  'square',
  'paddle',
  'resend',
  'twilio',
  'sendgrid',
  'slack',
  'discord',
  'posthog',
  'sentry',
  'google_analytics',
  'mixpanel',
  'datadog',
  'segment',
  'clerk',
  'auth0',
  'cloudinary',
  'aws_s3',
  'linear',
  'gitlab',
  'bitbucket',
  'jira',
  'mongodb_atlas',
  'firebase',
  'planetscale',
  'neon',
  'hubspot',
  'salesforce',
  'mailchimp',
  'intercom',
  'customerio'
);

CREATE TABLE api_keys (
  id text NOT NULL,
  project_id uuid NOT NULL,
  name text,
  environment integration_environment,
  scopes text[] NOT NULL,
  key_hash bytea NOT NULL,
  expires_at timestamp with time zone,
  last_used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT api_keys_pkey PRIMARY KEY (id),
  CONSTRAINT api_keys_key_hash_check CHECK ((length(key_hash) = 32)),
  CONSTRAINT api_keys_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE
);
CREATE INDEX api_keys_project ON public.api_keys USING btree (project_id, id);
CREATE TRIGGER announce_change AFTER DELETE OR UPDATE OF revoked_at, expires_at, scopes ON public.api_keys FOR EACH STATEMENT EXECUTE FUNCTION wasl_announce_change('api_keys');
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON api_keys FOR ALL TO wasl_tenant USING ((project_id = (NULLIF(current_setting('wasl.project_id'::text, true), ''::text))::uuid));
GRANT INSERT, SELECT, UPDATE ON api_keys TO wasl_tenant;

CREATE TABLE audit_log (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  project_id uuid,
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  details jsonb DEFAULT '{}'::jsonb NOT NULL,
  ip_address inet,
  at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT audit_log_pkey PRIMARY KEY (id)
);
CREATE INDEX audit_log_project ON public.audit_log USING btree (project_id, at);
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit_log FOR ALL TO wasl_tenant USING ((project_id = (NULLIF(current_setting('wasl.project_id'::text, true), ''::text))::uuid));
GRANT INSERT, SELECT ON audit_log TO wasl_tenant;

CREATE TABLE body_keys (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  project_id uuid NOT NULL,
  wrapped_key jsonb,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  retired_at timestamp with time zone,
  destroyed_at timestamp with time zone,
  CONSTRAINT body_keys_pkey PRIMARY KEY (id),
  CONSTRAINT body_keys_check CHECK (((wrapped_key IS NULL) = (destroyed_at IS NOT NULL))),
  CONSTRAINT body_keys_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX body_keys_current ON public.body_keys USING btree (project_id) WHERE ((retired_at IS NULL) AND (destroyed_at IS NULL));
CREATE INDEX body_keys_project ON public.body_keys USING btree (project_id);

CREATE TABLE connection_health_changes (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  project_id uuid NOT NULL,
  environment integration_environment NOT NULL,
  connection_id uuid NOT NULL,
  from_state integration_health_state NOT NULL,
  to_state integration_health_state NOT NULL,
  event_type text NOT NULL,
  message text,
  at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT connection_health_changes_pkey PRIMARY KEY (id),
  CONSTRAINT connection_health_changes_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES integration_connections(id) ON DELETE CASCADE,
  CONSTRAINT connection_health_changes_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE
);
CREATE INDEX connection_health_changes_connection ON public.connection_health_changes USING btree (connection_id, id DESC);
CREATE INDEX connection_health_changes_project ON public.connection_health_changes USING btree (project_id, id DESC);
ALTER TABLE connection_health_changes ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON connection_health_changes FOR ALL TO wasl_tenant USING (((project_id = (NULLIF(current_setting('wasl.project_id'::text, true), ''::text))::uuid) AND ((COALESCE(current_setting('wasl.environment'::text, true), ''::text) = ''::text) OR (COALESCE(current_setting('wasl.environment'::text, true), ''::text) = (environment)::text))));
GRANT INSERT, SELECT ON connection_health_changes TO wasl_tenant;

CREATE TABLE delivery_attempts (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  delivery_id uuid NOT NULL,
  project_id uuid NOT NULL,
  attempt integer NOT NULL,
  outcome text NOT NULL,
  response_status integer,
  response_excerpt text,
  duration_ms integer NOT NULL,
  at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT delivery_attempts_pkey PRIMARY KEY (id),
  CONSTRAINT delivery_attempts_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES destination_deliveries(id) ON DELETE CASCADE
);
CREATE INDEX delivery_attempts_delivery ON public.delivery_attempts USING btree (delivery_id, at);
ALTER TABLE delivery_attempts ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON delivery_attempts FOR ALL TO wasl_tenant USING ((project_id = (NULLIF(current_setting('wasl.project_id'::text, true), ''::text))::uuid));
GRANT SELECT ON delivery_attempts TO wasl_tenant;

CREATE TABLE destination_deliveries (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  seq bigint NOT NULL,
  project_id uuid NOT NULL,
  environment integration_environment NOT NULL,
  destination_id uuid NOT NULL,
  outgoing_event_id uuid NOT NULL,
  order_key text,
  replay_id uuid,
  status text DEFAULT 'pending'::text NOT NULL,
  retry_count integer DEFAULT 0 NOT NULL,
  next_retry_at timestamp with time zone,
  lease_until timestamp with time zone,
  lease_token bigint DEFAULT 0 NOT NULL,
  error_message text,
  delivered_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT destination_deliveries_pkey PRIMARY KEY (id),
  CONSTRAINT destination_deliveries_destination_id_fkey FOREIGN KEY (destination_id) REFERENCES destinations(id) ON DELETE CASCADE,
  CONSTRAINT destination_deliveries_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'retrying'::text, 'delivered'::text, 'dead_letter'::text, 'cancelled'::text])))
) WITH (fillfactor=80);
CREATE INDEX destination_deliveries_leases ON public.destination_deliveries USING btree (lease_until) WHERE (status = 'processing'::text);
CREATE INDEX destination_deliveries_list ON public.destination_deliveries USING btree (project_id, id DESC);
CREATE INDEX destination_deliveries_of ON public.destination_deliveries USING btree (destination_id, id DESC);
CREATE UNIQUE INDEX destination_deliveries_once ON public.destination_deliveries USING btree (outgoing_event_id, destination_id, replay_id) NULLS NOT DISTINCT;
CREATE INDEX destination_deliveries_order ON public.destination_deliveries USING btree (destination_id, order_key, seq) WHERE ((order_key IS NOT NULL) AND (status = ANY (ARRAY['pending'::text, 'processing'::text, 'retrying'::text])));
CREATE INDEX destination_deliveries_suspects ON public.destination_deliveries USING btree (next_retry_at) WHERE ((status = 'retrying'::text) AND (error_message = 'worker_lost'::text));
CREATE INDEX destination_deliveries_trouble ON public.destination_deliveries USING btree (project_id, status, id DESC) WHERE (status = ANY (ARRAY['dead_letter'::text, 'cancelled'::text]));
CREATE INDEX destination_deliveries_work ON public.destination_deliveries USING btree (destination_id, COALESCE(next_retry_at, created_at)) WHERE (status = ANY (ARRAY['pending'::text, 'retrying'::text]));
ALTER TABLE destination_deliveries ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON destination_deliveries FOR ALL TO wasl_tenant USING (((project_id = (NULLIF(current_setting('wasl.project_id'::text, true), ''::text))::uuid) AND ((COALESCE(current_setting('wasl.environment'::text, true), ''::text) = ''::text) OR (COALESCE(current_setting('wasl.environment'::text, true), ''::text) = (environment)::text))));
GRANT INSERT, SELECT, UPDATE ON destination_deliveries TO wasl_tenant;

CREATE TABLE destinations (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  project_id uuid NOT NULL,
  environment integration_environment,
  name text,
  kind text DEFAULT 'http'::text NOT NULL,
  url text NOT NULL,
  config jsonb DEFAULT '{}'::jsonb NOT NULL,
  types text[] DEFAULT '{}'::text[] NOT NULL,
  providers text[] DEFAULT '{}'::text[] NOT NULL,
  ordered boolean DEFAULT false NOT NULL,
  schema_major integer DEFAULT 1 NOT NULL,
  status text DEFAULT 'enabled'::text NOT NULL,
  disabled_reason text,
  secrets jsonb,
  failing_since timestamp with time zone,
  last_success_at timestamp with time zone,
  version integer DEFAULT 1 NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT destinations_pkey PRIMARY KEY (id),
  CONSTRAINT destinations_kind_check CHECK ((kind = ANY (ARRAY['http'::text, 'nats'::text, 'kafka'::text, 'rabbitmq'::text, 'sqs'::text]))),
  CONSTRAINT destinations_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  CONSTRAINT destinations_schema_major_check CHECK ((schema_major > 0)),
  CONSTRAINT destinations_status_check CHECK ((status = ANY (ARRAY['enabled'::text, 'disabled'::text, 'deleted'::text])))
);
CREATE INDEX destinations_project ON public.destinations USING btree (project_id, id DESC);
CREATE TRIGGER announce_change AFTER INSERT OR DELETE OR UPDATE OF url, config, secrets, status, ordered, schema_major ON public.destinations FOR EACH STATEMENT EXECUTE FUNCTION wasl_announce_change('destinations');
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON public.destinations FOR EACH ROW EXECUTE FUNCTION integration_touch_updated_at();
ALTER TABLE destinations ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON destinations FOR ALL TO wasl_tenant USING (((project_id = (NULLIF(current_setting('wasl.project_id'::text, true), ''::text))::uuid) AND ((environment IS NULL) OR ((COALESCE(current_setting('wasl.environment'::text, true), ''::text) = ''::text) OR (COALESCE(current_setting('wasl.environment'::text, true), ''::text) = (environment)::text)))));
GRANT INSERT, SELECT, UPDATE ON destinations TO wasl_tenant;

CREATE TABLE event_attempts (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  event_id uuid NOT NULL,
  project_id uuid NOT NULL,
  kind text NOT NULL,
  attempt integer NOT NULL,
  code text,
  replay_id uuid,
  duration_ms integer,
  at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT event_attempts_pkey PRIMARY KEY (id),
  CONSTRAINT event_attempts_kind_check CHECK ((kind = ANY (ARRAY['failed'::text, 'replayed'::text]))),
  CONSTRAINT event_attempts_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE
);
CREATE INDEX event_attempts_event ON public.event_attempts USING btree (event_id, at);
CREATE INDEX event_attempts_project ON public.event_attempts USING btree (project_id);
ALTER TABLE event_attempts ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON event_attempts FOR ALL TO wasl_tenant USING ((project_id = (NULLIF(current_setting('wasl.project_id'::text, true), ''::text))::uuid));
GRANT INSERT, SELECT ON event_attempts TO wasl_tenant;

CREATE TABLE event_references (
  project_id uuid NOT NULL,
  reference text NOT NULL,
  connection_id uuid NOT NULL,
  event_id uuid NOT NULL,
  CONSTRAINT event_references_pkey PRIMARY KEY (project_id, reference, connection_id, event_id),
  CONSTRAINT event_references_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE
);
CREATE INDEX event_references_event ON public.event_references USING brin (event_id);
ALTER TABLE event_references ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON event_references FOR ALL TO wasl_tenant USING ((project_id = (NULLIF(current_setting('wasl.project_id'::text, true), ''::text))::uuid));
GRANT SELECT ON event_references TO wasl_tenant;

CREATE TABLE event_replays (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  project_id uuid NOT NULL,
  environment integration_environment,
  requested_by text NOT NULL,
  reason text,
  filter jsonb DEFAULT '{}'::jsonb NOT NULL,
  status text DEFAULT 'running'::text NOT NULL,
  per_second integer DEFAULT 100 NOT NULL,
  last_event_id uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid NOT NULL,
  until_event_id uuid NOT NULL,
  matched bigint DEFAULT 0 NOT NULL,
  replayed bigint DEFAULT 0 NOT NULL,
  next_step_at timestamp with time zone DEFAULT now() NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  finished_at timestamp with time zone,
  CONSTRAINT event_replays_pkey PRIMARY KEY (id),
  CONSTRAINT event_replays_per_second_check CHECK ((per_second > 0)),
  CONSTRAINT event_replays_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  CONSTRAINT event_replays_status_check CHECK ((status = ANY (ARRAY['running'::text, 'done'::text, 'cancelled'::text])))
);
CREATE INDEX event_replays_project ON public.event_replays USING btree (project_id, id DESC);
CREATE INDEX event_replays_running ON public.event_replays USING btree (next_step_at) WHERE (status = 'running'::text);
ALTER TABLE event_replays ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON event_replays FOR ALL TO wasl_tenant USING (((project_id = (NULLIF(current_setting('wasl.project_id'::text, true), ''::text))::uuid) AND ((COALESCE(current_setting('wasl.environment'::text, true), ''::text) = ''::text) OR (COALESCE(current_setting('wasl.environment'::text, true), ''::text) = (environment)::text))));
GRANT INSERT, SELECT, UPDATE ON event_replays TO wasl_tenant;

CREATE TABLE idempotency_keys (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  project_id uuid NOT NULL,
  environment text NOT NULL,
  route text NOT NULL,
  key_hash bytea NOT NULL,
  body_hash bytea NOT NULL,
  status text DEFAULT 'running'::text NOT NULL,
  response_status integer,
  response jsonb,
  lease_until timestamp with time zone,
  lease_token bigint DEFAULT 1 NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (id),
  CONSTRAINT idempotency_keys_check CHECK (((status = 'running'::text) = (lease_until IS NOT NULL))),
  CONSTRAINT idempotency_keys_check1 CHECK (((status = 'done'::text) = (response_status IS NOT NULL))),
  CONSTRAINT idempotency_keys_environment_check CHECK ((environment = ANY (ARRAY['all'::text, 'dev'::text, 'staging'::text, 'prod'::text]))),
  CONSTRAINT idempotency_keys_project_id_environment_route_key_hash_key UNIQUE (project_id, environment, route, key_hash),
  CONSTRAINT idempotency_keys_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  CONSTRAINT idempotency_keys_status_check CHECK ((status = ANY (ARRAY['running'::text, 'open'::text, 'done'::text])))
);
CREATE INDEX idempotency_keys_sealed ON public.idempotency_keys USING btree (((response ->> 'kid'::text))) WHERE (response IS NOT NULL);
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON idempotency_keys FOR ALL TO wasl_tenant USING (((project_id = (NULLIF(current_setting('wasl.project_id'::text, true), ''::text))::uuid) AND ((COALESCE(current_setting('wasl.environment'::text, true), ''::text) = ''::text) OR (COALESCE(current_setting('wasl.environment'::text, true), ''::text) = environment))));
GRANT DELETE, INSERT, SELECT, UPDATE ON idempotency_keys TO wasl_tenant;

CREATE TABLE integration_api_logs (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  connection_id uuid,
  provider integration_provider_type NOT NULL,
  method text NOT NULL,
  endpoint text NOT NULL,
  request_headers jsonb,
  request_body text,
  response_status integer,
  response_headers jsonb,
  response_body text,
  response_time_ms integer,
  error_message text,
  is_error boolean DEFAULT false NOT NULL,
  rate_limit_remaining integer,
  rate_limit_reset_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  project_id uuid,
  environment integration_environment,
  operation text,
  attempt integer,
  CONSTRAINT integration_api_logs_pkey PRIMARY KEY (id),
  CONSTRAINT integration_api_logs_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES integration_connections(id) ON DELETE SET NULL,
  CONSTRAINT integration_api_logs_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE
);
CREATE INDEX integration_api_logs_connection ON public.integration_api_logs USING btree (connection_id, id DESC);
CREATE INDEX integration_api_logs_created ON public.integration_api_logs USING brin (created_at);
CREATE INDEX integration_api_logs_errors ON public.integration_api_logs USING btree (project_id, id DESC) WHERE is_error;
CREATE INDEX integration_api_logs_project ON public.integration_api_logs USING btree (project_id, id DESC);
CREATE INDEX integration_api_logs_status ON public.integration_api_logs USING btree (project_id, response_status, id DESC) WHERE (response_status <> 200);
ALTER TABLE integration_api_logs ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON integration_api_logs FOR ALL TO wasl_tenant USING (((project_id = (NULLIF(current_setting('wasl.project_id'::text, true), ''::text))::uuid) AND ((COALESCE(current_setting('wasl.environment'::text, true), ''::text) = ''::text) OR (COALESCE(current_setting('wasl.environment'::text, true), ''::text) = (environment)::text))));
GRANT SELECT ON integration_api_logs TO wasl_tenant;

CREATE TABLE integration_connections (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  project_id uuid NOT NULL,
  provider integration_provider_type NOT NULL,
  status integration_connection_status DEFAULT 'pending'::integration_connection_status NOT NULL,
  auth_method integration_auth_method DEFAULT 'api_key'::integration_auth_method NOT NULL,
  environment integration_environment DEFAULT 'prod'::integration_environment NOT NULL,
  alias text,
  credentials jsonb,
  token_expires_at timestamp with time zone,
  scopes text[] DEFAULT '{}'::text[] NOT NULL,
  external_account_id text,
  external_account_name text,
  webhook_url text,
  config jsonb DEFAULT '{}'::jsonb NOT NULL,
  metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
  last_health_check timestamp with time zone,
  health_state integration_health_state DEFAULT 'unknown'::integration_health_state NOT NULL,
  health_message text,
  health_failures integer DEFAULT 0 NOT NULL,
  health_response_time_ms integer,
  connected_at timestamp with time zone,
  disconnected_at timestamp with time zone,
  last_sync_at timestamp with time zone,
  expires_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  access_token_encrypted text,
  refresh_token_encrypted text,
  webhook_secret_encrypted text,
  version integer DEFAULT 1 NOT NULL,
  next_health_check timestamp with time zone,
  CONSTRAINT integration_connections_pkey PRIMARY KEY (id),
  CONSTRAINT integration_connections_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX integration_connections_live_alias ON public.integration_connections USING btree (project_id, provider, environment, alias) WHERE ((alias IS NOT NULL) AND (status <> 'disconnected'::integration_connection_status));
CREATE INDEX integration_connections_next_health_check ON public.integration_connections USING btree (COALESCE(next_health_check, '-infinity'::timestamp with time zone)) WHERE (status = ANY (ARRAY['pending'::integration_connection_status, 'connected'::integration_connection_status]));
CREATE INDEX integration_connections_probe ON public.integration_connections USING btree (last_health_check NULLS FIRST) WHERE (status = ANY (ARRAY['pending'::integration_connection_status, 'connected'::integration_connection_status]));
CREATE INDEX integration_connections_project ON public.integration_connections USING btree (project_id, id DESC);
CREATE TRIGGER announce_change AFTER DELETE OR UPDATE OF status, credentials, config ON public.integration_connections FOR EACH STATEMENT EXECUTE FUNCTION wasl_announce_change('connections');
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON public.integration_connections FOR EACH ROW EXECUTE FUNCTION integration_touch_updated_at();
ALTER TABLE integration_connections ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON integration_connections FOR ALL TO wasl_tenant USING (((project_id = (NULLIF(current_setting('wasl.project_id'::text, true), ''::text))::uuid) AND ((COALESCE(current_setting('wasl.environment'::text, true), ''::text) = ''::text) OR (COALESCE(current_setting('wasl.environment'::text, true), ''::text) = (environment)::text))));
GRANT DELETE, INSERT, SELECT, UPDATE ON integration_connections TO wasl_tenant;

CREATE TABLE integration_events (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  connection_id uuid NOT NULL,
  provider integration_provider_type NOT NULL,
  event_type text,
  event_id text,
  headers jsonb DEFAULT '{}'::jsonb NOT NULL,
  raw_body_url text,
  event_hash text,
  signature text,
  body_size integer,
  status integration_event_status DEFAULT 'pending'::integration_event_status NOT NULL,
  data jsonb,
  processed_at timestamp with time zone,
  processing_duration_ms integer,
  error_message text,
  error_details jsonb,
  retry_count integer DEFAULT 0 NOT NULL,
  max_retries integer DEFAULT 8 NOT NULL,
  next_retry_at timestamp with time zone,
  source_ip inet,
  user_agent text,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  project_id uuid,
  environment integration_environment,
  trust text,
  body_expires_at timestamp with time zone,
  lease_until timestamp with time zone,
  lease_token bigint DEFAULT 0 NOT NULL,
  replay_id uuid,
  CONSTRAINT integration_events_pkey PRIMARY KEY (id),
  CONSTRAINT integration_events_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES integration_connections(id) ON DELETE CASCADE,
  CONSTRAINT integration_events_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  CONSTRAINT integration_events_trust CHECK ((trust = ANY (ARRAY['body_signed'::text, 'fields_signed'::text, 'shared_secret'::text, 'none'::text, 'fetched'::text])))
) WITH (fillfactor=90);
CREATE INDEX integration_events_completed ON public.integration_events USING btree (connection_id, id) WHERE (status = 'completed'::integration_event_status);
CREATE INDEX integration_events_dead_letters ON public.integration_events USING btree (connection_id, id) WHERE (status = 'dead_letter'::integration_event_status);
CREATE UNIQUE INDEX integration_events_event_hash ON public.integration_events USING btree (connection_id, event_hash) WHERE (event_id IS NULL);
CREATE UNIQUE INDEX integration_events_event_id ON public.integration_events USING btree (connection_id, event_id);
CREATE INDEX integration_events_leases ON public.integration_events USING btree (lease_until) WHERE (status = 'processing'::integration_event_status);
CREATE INDEX integration_events_pending ON public.integration_events USING btree (connection_id, id) WHERE (status = 'pending'::integration_event_status);
CREATE INDEX integration_events_project ON public.integration_events USING btree (project_id, id DESC);
CREATE INDEX integration_events_rest ON public.integration_events USING btree (connection_id, id) WHERE (status = ANY (ARRAY['processing'::integration_event_status, 'failed'::integration_event_status]));
CREATE INDEX integration_events_retrying ON public.integration_events USING btree (connection_id, id) WHERE (status = 'retrying'::integration_event_status);
CREATE INDEX integration_events_suspects ON public.integration_events USING btree (next_retry_at) WHERE ((status = 'retrying'::integration_event_status) AND (error_message = 'worker_lost'::text));
CREATE INDEX integration_events_type ON public.integration_events USING btree (connection_id, event_type, id);
CREATE INDEX integration_events_work ON public.integration_events USING btree (connection_id, COALESCE(next_retry_at, created_at)) WHERE (status = ANY (ARRAY['pending'::integration_event_status, 'retrying'::integration_event_status]));
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON public.integration_events FOR EACH ROW EXECUTE FUNCTION integration_touch_updated_at();
ALTER TABLE integration_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON integration_events FOR ALL TO wasl_tenant USING (((project_id = (NULLIF(current_setting('wasl.project_id'::text, true), ''::text))::uuid) AND ((COALESCE(current_setting('wasl.environment'::text, true), ''::text) = ''::text) OR (COALESCE(current_setting('wasl.environment'::text, true), ''::text) = (environment)::text))));
GRANT SELECT, UPDATE ON integration_events TO wasl_tenant;

CREATE TABLE integration_metrics_hourly (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  provider integration_provider_type NOT NULL,
  connection_id uuid,
  hour timestamp with time zone NOT NULL,
  total_connections bigint DEFAULT 0 NOT NULL,
  new_connections bigint DEFAULT 0 NOT NULL,
  failed_connections bigint DEFAULT 0 NOT NULL,
  api_calls_total bigint DEFAULT 0 NOT NULL,
  api_calls_success bigint DEFAULT 0 NOT NULL,
  api_calls_failed bigint DEFAULT 0 NOT NULL,
  webhooks_received bigint DEFAULT 0 NOT NULL,
  webhooks_processed bigint DEFAULT 0 NOT NULL,
  webhooks_failed bigint DEFAULT 0 NOT NULL,
  rate_limit_hits bigint DEFAULT 0 NOT NULL,
  avg_response_time_ms double precision,
  response_time_count bigint DEFAULT 0 NOT NULL,
  response_time_sum_ms bigint DEFAULT 0 NOT NULL,
  response_time_buckets bigint[] DEFAULT array_fill((0)::bigint, ARRAY[16]) NOT NULL,
  CONSTRAINT integration_metrics_hourly_pkey PRIMARY KEY (id),
  CONSTRAINT integration_metrics_hourly_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES integration_connections(id) ON DELETE CASCADE
);
CREATE INDEX integration_metrics_hourly_connection ON public.integration_metrics_hourly USING btree (connection_id, hour);
CREATE INDEX integration_metrics_hourly_hour ON public.integration_metrics_hourly USING btree (hour);
CREATE UNIQUE INDEX integration_metrics_hourly_key ON public.integration_metrics_hourly USING btree (provider, connection_id, hour) NULLS NOT DISTINCT;
ALTER TABLE integration_metrics_hourly ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON integration_metrics_hourly FOR ALL TO wasl_tenant USING ((EXISTS ( SELECT
   FROM integration_connections c
  WHERE (c.id = integration_metrics_hourly.connection_id))));
GRANT SELECT ON integration_metrics_hourly TO wasl_tenant;

CREATE TABLE integration_oauth_states (
  state text NOT NULL,
  project_id uuid NOT NULL,
  provider integration_provider_type NOT NULL,
  redirect_uri text NOT NULL,
  code_verifier text,
  metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  expires_at timestamp with time zone DEFAULT (now() + '00:10:00'::interval) NOT NULL,
  CONSTRAINT integration_oauth_states_pkey PRIMARY KEY (state),
  CONSTRAINT integration_oauth_states_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE
);
CREATE INDEX integration_oauth_states_expiry ON public.integration_oauth_states USING btree (expires_at);

CREATE TABLE integration_providers (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  provider integration_provider_type NOT NULL,
  name text DEFAULT ''::text NOT NULL,
  name_ar text DEFAULT ''::text NOT NULL,
  category integration_category,
  auth_methods integration_auth_method[] DEFAULT '{}'::integration_auth_method[] NOT NULL,
  capabilities jsonb DEFAULT '{}'::jsonb NOT NULL,
  payment_capabilities text[] DEFAULT '{}'::text[] NOT NULL,
  webhook_support boolean DEFAULT false NOT NULL,
  realtime_support boolean DEFAULT false NOT NULL,
  rate_limits jsonb DEFAULT '{}'::jsonb NOT NULL,
  required_scopes text[] DEFAULT '{}'::text[] NOT NULL,
  optional_scopes text[] DEFAULT '{}'::text[] NOT NULL,
  is_mena_provider boolean DEFAULT false NOT NULL,
  supported_countries text[],
  supported_currencies text[],
  data_residency_regions text[] DEFAULT '{}'::text[] NOT NULL,
  primary_locale text DEFAULT 'en'::text NOT NULL,
  documentation_url text,
  icon_url text,
  sort_order integer DEFAULT 1000 NOT NULL,
  is_active boolean DEFAULT false NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  website_url text,
  lifecycle text DEFAULT 'stable'::text NOT NULL,
  unverified text[] DEFAULT '{}'::text[] NOT NULL,
  seeded_by integer DEFAULT 0 NOT NULL,
  CONSTRAINT integration_providers_pkey PRIMARY KEY (id),
  CONSTRAINT integration_providers_countries_iso CHECK (((array_to_string(supported_countries, ','::text, ''::text) ~ '^([A-Z]{2}(,[A-Z]{2})*)?$'::text) AND (length(array_to_string(supported_countries, ''::text, ''::text)) = (2 * cardinality(supported_countries))))),
  CONSTRAINT integration_providers_currencies_iso CHECK (((array_to_string(supported_currencies, ','::text, ''::text) ~ '^([A-Z]{3}(,[A-Z]{3})*)?$'::text) AND (length(array_to_string(supported_currencies, ''::text, ''::text)) = (3 * cardinality(supported_currencies))))),
  CONSTRAINT integration_providers_lifecycle CHECK ((lifecycle = ANY (ARRAY['stable'::text, 'beta'::text, 'dormant'::text])))
);
CREATE INDEX integration_providers_auth_methods ON public.integration_providers USING gin (auth_methods);
CREATE INDEX integration_providers_capabilities ON public.integration_providers USING gin (capabilities);
CREATE INDEX integration_providers_countries ON public.integration_providers USING gin (supported_countries);
CREATE INDEX integration_providers_currencies ON public.integration_providers USING gin (supported_currencies);
CREATE INDEX integration_providers_optional_scopes ON public.integration_providers USING gin (optional_scopes);
CREATE INDEX integration_providers_payment_capabilities ON public.integration_providers USING gin (payment_capabilities);
CREATE UNIQUE INDEX integration_providers_provider_key ON public.integration_providers USING btree (provider);
CREATE INDEX integration_providers_required_scopes ON public.integration_providers USING gin (required_scopes);
CREATE INDEX integration_providers_residency ON public.integration_providers USING gin (data_residency_regions);
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON public.integration_providers FOR EACH ROW EXECUTE FUNCTION integration_touch_updated_at();
GRANT SELECT ON integration_providers TO wasl_tenant;

CREATE TABLE integration_webhook_configs (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  connection_id uuid NOT NULL,
  webhook_id text,
  endpoint_url text NOT NULL,
  events text[] DEFAULT '{}'::text[] NOT NULL,
  is_active boolean DEFAULT true NOT NULL,
  signing_secret jsonb,
  verification_method text,
  metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT integration_webhook_configs_pkey PRIMARY KEY (id),
  CONSTRAINT integration_webhook_configs_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES integration_connections(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX integration_webhook_configs_endpoint ON public.integration_webhook_configs USING btree (connection_id, endpoint_url) WHERE (webhook_id IS NULL);
CREATE UNIQUE INDEX integration_webhook_configs_webhook_id ON public.integration_webhook_configs USING btree (connection_id, webhook_id) WHERE (webhook_id IS NOT NULL);
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON public.integration_webhook_configs FOR EACH ROW EXECUTE FUNCTION integration_touch_updated_at();
ALTER TABLE integration_webhook_configs ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON integration_webhook_configs FOR ALL TO wasl_tenant USING ((EXISTS ( SELECT
   FROM integration_connections c
  WHERE (c.id = integration_webhook_configs.connection_id))));
GRANT DELETE, INSERT, SELECT, UPDATE ON integration_webhook_configs TO wasl_tenant;

CREATE TABLE metric_writers (
  id uuid NOT NULL,
  last_flush bigint NOT NULL,
  flushed_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT metric_writers_pkey PRIMARY KEY (id)
) WITH (fillfactor=50);

CREATE TABLE outgoing_events (
  id uuid NOT NULL,
  project_id uuid NOT NULL,
  environment integration_environment NOT NULL,
  connection_id uuid,
  provider text,
  event_id uuid,
  type text NOT NULL,
  subject text NOT NULL,
  occurred_at timestamp with time zone NOT NULL,
  recorded_at timestamp with time zone DEFAULT now() NOT NULL,
  data jsonb NOT NULL,
  CONSTRAINT outgoing_events_pkey PRIMARY KEY (id),
  CONSTRAINT outgoing_events_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE
);
CREATE INDEX outgoing_events_event ON public.outgoing_events USING btree (event_id) WHERE (event_id IS NOT NULL);
CREATE INDEX outgoing_events_project ON public.outgoing_events USING btree (project_id, id DESC);
ALTER TABLE outgoing_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON outgoing_events FOR ALL TO wasl_tenant USING (((project_id = (NULLIF(current_setting('wasl.project_id'::text, true), ''::text))::uuid) AND ((COALESCE(current_setting('wasl.environment'::text, true), ''::text) = ''::text) OR (COALESCE(current_setting('wasl.environment'::text, true), ''::text) = (environment)::text))));
GRANT INSERT, SELECT ON outgoing_events TO wasl_tenant;

CREATE TABLE project_settings (
  project_id uuid NOT NULL,
  country text,
  data_residency text[] DEFAULT '{}'::text[] NOT NULL,
  return_origins text[] DEFAULT '{}'::text[] NOT NULL,
  retention jsonb DEFAULT '{}'::jsonb NOT NULL,
  routing jsonb DEFAULT '{}'::jsonb NOT NULL,
  deleted_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT project_settings_pkey PRIMARY KEY (project_id),
  CONSTRAINT project_settings_country_check CHECK ((country ~ '^[A-Z]{2}$'::text)),
  CONSTRAINT project_settings_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE
);
CREATE TRIGGER announce_change AFTER DELETE OR UPDATE ON public.project_settings FOR EACH STATEMENT EXECUTE FUNCTION wasl_announce_change('connections');
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON public.project_settings FOR EACH ROW EXECUTE FUNCTION integration_touch_updated_at();
ALTER TABLE project_settings ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON project_settings FOR ALL TO wasl_tenant USING ((project_id = (NULLIF(current_setting('wasl.project_id'::text, true), ''::text))::uuid));
GRANT INSERT, SELECT, UPDATE ON project_settings TO wasl_tenant;

CREATE TABLE projects (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  name text,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT projects_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE projects IS 'made by Wasl';
GRANT SELECT ON projects TO wasl_tenant;

CREATE TABLE wasl_migrations (
  name text NOT NULL,
  checksum text NOT NULL,
  applied_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT wasl_migrations_pkey PRIMARY KEY (name)
);

CREATE TABLE webhook_access_logs (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  event_id uuid NOT NULL,
  accessed_by text NOT NULL,
  access_reason text NOT NULL,
  ip_address inet,
  accessed_at timestamp with time zone DEFAULT now() NOT NULL,
  project_id uuid,
  outcome text DEFAULT 'granted'::text NOT NULL,
  CONSTRAINT webhook_access_logs_pkey PRIMARY KEY (id),
  CONSTRAINT webhook_access_logs_outcome CHECK ((outcome = ANY (ARRAY['granted'::text, 'denied'::text])))
);
CREATE INDEX webhook_access_logs_event ON public.webhook_access_logs USING btree (event_id, accessed_at);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.webhook_access_logs FOR EACH ROW EXECUTE FUNCTION webhook_access_logs_append_only();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.webhook_access_logs FOR EACH STATEMENT EXECUTE FUNCTION webhook_access_logs_append_only();
ALTER TABLE webhook_access_logs ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON webhook_access_logs FOR ALL TO wasl_tenant USING ((project_id = (NULLIF(current_setting('wasl.project_id'::text, true), ''::text))::uuid));
GRANT INSERT, SELECT ON webhook_access_logs TO wasl_tenant;

CREATE TABLE webhook_addresses (
  key_hash bytea NOT NULL,
  connection_id uuid NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  retires_at timestamp with time zone,
  CONSTRAINT webhook_addresses_pkey PRIMARY KEY (key_hash),
  CONSTRAINT webhook_addresses_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES integration_connections(id) ON DELETE CASCADE,
  CONSTRAINT webhook_addresses_key_hash_check CHECK ((length(key_hash) = 32))
);
CREATE INDEX webhook_addresses_connection ON public.webhook_addresses USING btree (connection_id);
CREATE TRIGGER announce_change AFTER INSERT OR DELETE OR UPDATE ON public.webhook_addresses FOR EACH STATEMENT EXECUTE FUNCTION wasl_announce_change('connections');
ALTER TABLE webhook_addresses ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON webhook_addresses FOR ALL TO wasl_tenant USING ((EXISTS ( SELECT
   FROM integration_connections c
  WHERE (c.id = webhook_addresses.connection_id))));
GRANT DELETE, INSERT, SELECT, UPDATE ON webhook_addresses TO wasl_tenant;

CREATE TABLE webhook_gap_checks (
  connection_id uuid NOT NULL,
  checked_until timestamp with time zone NOT NULL,
  found integer NOT NULL,
  at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT webhook_gap_checks_pkey PRIMARY KEY (connection_id),
  CONSTRAINT webhook_gap_checks_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES integration_connections(id) ON DELETE CASCADE
);

CREATE TABLE webhook_quarantine (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  project_id uuid NOT NULL,
  environment integration_environment NOT NULL,
  connection_id uuid NOT NULL,
  provider integration_provider_type NOT NULL,
  reason text NOT NULL,
  raw_body_url text NOT NULL,
  body_size integer NOT NULL,
  body_hash text NOT NULL,
  source_ip inet,
  received_at timestamp with time zone DEFAULT now() NOT NULL,
  event_id uuid,
  CONSTRAINT webhook_quarantine_pkey PRIMARY KEY (id),
  CONSTRAINT webhook_quarantine_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES integration_connections(id) ON DELETE CASCADE,
  CONSTRAINT webhook_quarantine_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE
);
CREATE INDEX webhook_quarantine_connection ON public.webhook_quarantine USING btree (connection_id, id DESC);
CREATE INDEX webhook_quarantine_project ON public.webhook_quarantine USING btree (project_id, id DESC);
ALTER TABLE webhook_quarantine ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON webhook_quarantine FOR ALL TO wasl_tenant USING (((project_id = (NULLIF(current_setting('wasl.project_id'::text, true), ''::text))::uuid) AND ((COALESCE(current_setting('wasl.environment'::text, true), ''::text) = ''::text) OR (COALESCE(current_setting('wasl.environment'::text, true), ''::text) = (environment)::text))));
GRANT DELETE, SELECT, UPDATE ON webhook_quarantine TO wasl_tenant;

CREATE TABLE webhook_registrations (
  connection_id uuid NOT NULL,
  project_id uuid NOT NULL,
  environment integration_environment NOT NULL,
  state text,
  reason text,
  checked_at timestamp with time zone,
  tried_at timestamp with time zone,
  CONSTRAINT webhook_registrations_pkey PRIMARY KEY (connection_id),
  CONSTRAINT webhook_registrations_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES integration_connections(id) ON DELETE CASCADE,
  CONSTRAINT webhook_registrations_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  CONSTRAINT webhook_registrations_state_check CHECK ((state = ANY (ARRAY['in_order'::text, 'missing'::text, 'other_address'::text, 'inactive'::text, 'unsigned'::text, 'duplicate'::text, 'unknown'::text])))
);
CREATE INDEX webhook_registrations_project ON public.webhook_registrations USING btree (project_id);
ALTER TABLE webhook_registrations ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON webhook_registrations FOR ALL TO wasl_tenant USING (((project_id = (NULLIF(current_setting('wasl.project_id'::text, true), ''::text))::uuid) AND ((COALESCE(current_setting('wasl.environment'::text, true), ''::text) = ''::text) OR (COALESCE(current_setting('wasl.environment'::text, true), ''::text) = (environment)::text))));
GRANT INSERT, SELECT, UPDATE ON webhook_registrations TO wasl_tenant;

CREATE OR REPLACE FUNCTION public.cleanup_expired_oauth_states()
 RETURNS integer
 LANGUAGE sql
AS $function$
  WITH gone AS (DELETE FROM integration_oauth_states WHERE expires_at <= now() RETURNING 1)
  SELECT count(*)::integer FROM gone
$function$;
COMMENT ON FUNCTION cleanup_expired_oauth_states() IS 'Wasl 074';

CREATE OR REPLACE FUNCTION public.get_payment_providers_by_capability(p_capability text, p_country_code text DEFAULT NULL::text)
 RETURNS TABLE(provider integration_provider_type, name text, is_mena_provider boolean, supported_countries text[], supported_currencies text[], name_ar text, payment_capabilities text[], sort_order integer)
 LANGUAGE sql
 STABLE
AS $function$
  SELECT p.provider, p.name, p.is_mena_provider, p.supported_countries, p.supported_currencies, p.name_ar,
         p.payment_capabilities, p.sort_order
  FROM integration_providers p
  WHERE p.is_active AND p.category = 'payment'
    AND p.payment_capabilities @> ARRAY[p_capability]
    AND (p_country_code IS NULL
         OR p.supported_countries @> ARRAY[upper(p_country_code COLLATE "C")]
         OR coalesce(cardinality(p.supported_countries), 0) = 0 AND integration_is_country(p_country_code))
  ORDER BY p.is_mena_provider DESC, p.sort_order, p.provider
$function$;
COMMENT ON FUNCTION get_payment_providers_by_capability(text,text) IS 'Wasl 074';

CREATE OR REPLACE FUNCTION public.integration_is_country(p_code text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  SELECT upper(p_code COLLATE "C") = ANY (regexp_split_to_array($iso$AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY
    BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK
    FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR
    IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK
    ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
    PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF
    TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW$iso$, '\s+'))
$function$;

CREATE OR REPLACE FUNCTION public.integration_metric_bounds()
 RETURNS integer[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  SELECT ARRAY[1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 20000, 30000]
$function$;

CREATE OR REPLACE FUNCTION public.integration_touch_updated_at()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END $function$;

CREATE OR REPLACE FUNCTION public.record_integration_metric(p_provider integration_provider_type, p_metric_type text, p_value integer DEFAULT 1, p_connection_id uuid DEFAULT NULL::uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
  is_time boolean := p_metric_type IS NOT DISTINCT FROM 'response_time_ms';
  observed bigint[];
BEGIN
  IF p_provider IS NULL OR p_value IS NULL OR p_value < 0 OR NOT coalesce(p_metric_type = ANY (ARRAY[
      'total_connections', 'new_connections', 'failed_connections', 'api_calls_total', 'api_calls_success', 'api_calls_failed', 'webhooks_received', 'webhooks_processed', 'webhooks_failed', 'rate_limit_hits', 'response_time_ms']), false) THEN
    RAISE EXCEPTION 'not a metric, or a value that is null or negative' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  observed := (SELECT array_agg((is_time AND bucket = slot)::int::bigint ORDER BY slot)
               FROM generate_series(1, 16) AS slot,
                    (SELECT count(*) + 1 AS bucket FROM unnest(integration_metric_bounds()) b WHERE b < p_value) AS found);
  INSERT INTO integration_metrics_hourly AS m (
    provider, connection_id, hour,
    total_connections, new_connections, failed_connections, api_calls_total, api_calls_success, api_calls_failed, webhooks_received, webhooks_processed, webhooks_failed, rate_limit_hits,
    response_time_count, response_time_sum_ms, response_time_buckets, avg_response_time_ms
  ) VALUES (
    p_provider, p_connection_id, date_trunc('hour', now(), 'UTC'),
    CASE WHEN p_metric_type = 'total_connections' THEN p_value ELSE 0 END,
    CASE WHEN p_metric_type = 'new_connections' THEN p_value ELSE 0 END,
    CASE WHEN p_metric_type = 'failed_connections' THEN p_value ELSE 0 END,
    CASE WHEN p_metric_type = 'api_calls_total' THEN p_value ELSE 0 END,
    CASE WHEN p_metric_type = 'api_calls_success' THEN p_value ELSE 0 END,
    CASE WHEN p_metric_type = 'api_calls_failed' THEN p_value ELSE 0 END,
    CASE WHEN p_metric_type = 'webhooks_received' THEN p_value ELSE 0 END,
    CASE WHEN p_metric_type = 'webhooks_processed' THEN p_value ELSE 0 END,
    CASE WHEN p_metric_type = 'webhooks_failed' THEN p_value ELSE 0 END,
    CASE WHEN p_metric_type = 'rate_limit_hits' THEN p_value ELSE 0 END,
    is_time::int, CASE WHEN is_time THEN p_value ELSE 0 END, observed, CASE WHEN is_time THEN p_value END
  )
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
END $function$;
COMMENT ON FUNCTION record_integration_metric(integration_provider_type,text,integer,uuid) IS 'Wasl 074';

CREATE OR REPLACE FUNCTION public.record_integration_metrics(p_writer uuid, p_flush bigint, p_rows json)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
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
END $function$;

CREATE OR REPLACE FUNCTION public.update_integration_health(p_connection_id uuid, p_is_healthy boolean, p_message text DEFAULT NULL::text, p_response_time_ms integer DEFAULT NULL::integer)
 RETURNS integration_health_state
 LANGUAGE sql
AS $function$
  UPDATE integration_connections SET
    last_health_check = now(),
    health_failures = CASE WHEN p_is_healthy THEN 0 ELSE health_failures + 1 END,
    health_state = CASE WHEN p_is_healthy THEN 'healthy' WHEN health_failures + 1 < 3 THEN 'degraded'
                        ELSE 'unhealthy' END::integration_health_state,
    health_message = p_message,
    health_response_time_ms = p_response_time_ms
  WHERE id = p_connection_id AND p_is_healthy IS NOT NULL
  RETURNING health_state
$function$;
COMMENT ON FUNCTION update_integration_health(uuid,boolean,text,integer) IS 'Wasl 074';

CREATE OR REPLACE FUNCTION public.wasl_announce_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  PERFORM pg_notify('wasl_changed', TG_ARGV[0]);
  RETURN NULL;
END $function$;

CREATE OR REPLACE FUNCTION public.webhook_access_logs_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  IF TG_OP = 'DELETE' AND OLD.accessed_at < now() - interval '12 months' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'webhook_access_logs is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $function$;

CREATE SEQUENCE destination_deliveries_seq_seq;
