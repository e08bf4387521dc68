-- BottleCRM (Django) as it is: uuid keys without default, forced row security, owners linked in a table of their own,
-- deferred foreign keys. Rows are inserted as its ORM does, by a role that has no rights in leadroute. :schema is its dump.
\set ON_ERROR_STOP 1
\set QUIET 1
SET client_min_messages = warning;
CREATE EXTENSION leadroute CASCADE;
INSERT INTO leadroute.reps (id, email) VALUES ('ann', 'ann@us.com'), ('bob', 'bob@us.com');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, countries, condition, fallback_queue) VALUES ('big', '{DE}', '$.attributes.budget > 1000', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');

CREATE ROLE crm;
CREATE ROLE crm_app;
GRANT CREATE, USAGE ON SCHEMA public TO crm;
GRANT USAGE ON SCHEMA public TO crm_app;
SET ROLE crm;
\i :schema
SET client_min_messages = warning;
SET row_security = on;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO crm_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO crm_app;
SET app.current_org = '00000000-0000-0000-0000-0000000000ff';
INSERT INTO public.organization (created_at, updated_at, id, name, api_key, is_active, default_currency, address_line, city, company_name,
    country, email, phone, postcode, state, tax_id, website, csat_enabled, auto_close_children_on_parent_close, terminology, vertical,
    timezone, help_center_enabled, estimate_number_prefix, invoice_number_prefix, invoice_number_start, number_date_part, number_padding,
    module_order, modules_off, modules_on_at, signup_source, lead_response_since)
VALUES (now(), now(), '00000000-0000-0000-0000-0000000000ff', 'us', 'key', true, 'EUR', '', '', '', 'DE', '', '', '', '', '', '', false, false, '{}', '',
    'UTC', false, 'E', 'I', 1, 'NONE', 4, '[]', '[]', '{}', '{}', now());
INSERT INTO public.users (password, is_superuser, id, email, is_active, is_staff, name)
SELECT '', false, format('00000000-0000-0000-0000-00000000000%s', n)::uuid, e, true, false, e FROM (VALUES (1, 'ann@us.com'), (2, 'bob@us.com'), (3, 'boss@us.com')) v (n, e);
INSERT INTO public.profile (created_at, updated_at, id, role, has_sales_access, has_marketing_access, is_active, is_organization_admin, org_id, user_id)
SELECT now(), now(), format('00000000-0000-0000-0000-00000000010%s', n)::uuid, 'USER', true, false, true, false, '00000000-0000-0000-0000-0000000000ff',
       format('00000000-0000-0000-0000-00000000000%s', n)::uuid FROM generate_series(1, 3) n;
RESET ROLE;
SELECT leadroute.attach('public.lead', '{
    "email": "email", "first_name": "first_name", "last_name": "last_name", "phone": "phone", "title": "job_title", "company": "company_name",
    "website": "website", "country": "country", "region": "state", "city": "city", "postal_code": "postcode", "industry": "industry",
    "source": "source", "attributes": "custom_fields", "occurred_at": {"expression": "coalesce(last_enquiry_at, created_at)"},
    "status": {"expression": "CASE lead.status WHEN ''converted'' THEN ''converted'' WHEN ''closed'' THEN ''lost'' WHEN ''in process'' THEN ''working'' END"},
    "owner_id": {"table": "public.lead_assigned_to", "row": "lead_id", "column": "profile_id",
                 "expression": "(SELECT p.id FROM public.profile p JOIN public.users u ON u.id = p.user_id WHERE lower(u.email) = lower(rep.email))"}}') \gset

-- What the ORM sends; its many-to-many rows come after the lead.
SET ROLE crm_app;
BEGIN;
INSERT INTO public.lead (created_at, updated_at, id, first_name, last_name, email, status, source, country, is_active, org_id, company_name, kanban_order,
    custom_fields, is_sample, external_id, external_source, phone_e164, source_detail, source_ref)
VALUES (now(), now(), '00000000-0000-0000-0000-00000000000a', 'Ada', 'L', 'Ada@Acme.com', 'assigned', 'web', 'DE', true, '00000000-0000-0000-0000-0000000000ff', 'Acme', 0,
        '{"budget": 5000}', false, '', '', '', '', ''),
       (now(), now(), '00000000-0000-0000-0000-00000000000b', 'Ben', 'M', 'ben@beta.com', 'assigned', 'web', 'DE', true, '00000000-0000-0000-0000-0000000000ff', 'Beta', 0,
        '{"budget": 7000}', false, '', '', '', '', ''),
       (now(), now(), '00000000-0000-0000-0000-00000000000c', 'Cyd', 'N', 'cyd@gamma.com', 'assigned', 'web', 'DE', true, '00000000-0000-0000-0000-0000000000ff', 'Gamma', 0,
        '{"budget": 1}', false, '', '', '', '', '');
INSERT INTO public.lead_assigned_to (lead_id, profile_id)
VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000101'), ('00000000-0000-0000-0000-00000000000c', '00000000-0000-0000-0000-000000000102')
ON CONFLICT DO NOTHING;
COMMIT;
-- The same address again: their unique index drops the row, and there is no lead.
INSERT INTO public.lead (created_at, updated_at, id, email, country, is_active, org_id, kanban_order, custom_fields, is_sample, external_id, external_source,
    phone_e164, source_detail, source_ref)
VALUES (now(), now(), gen_random_uuid(), 'ADA@acme.com', 'DE', true, '00000000-0000-0000-0000-0000000000ff', 0, '{}', false, '', '', '', '', '') ON CONFLICT DO NOTHING;
RESET ROLE;
-- A job knows of no organization, and still gives the leads to others.
RESET app.current_org;
SELECT leadroute.escalate_overdue(as_of => now() + interval '10 days') AS escalated \gset
SET app.current_org = '00000000-0000-0000-0000-0000000000ff';
SET ROLE crm_app;
UPDATE public.lead SET status = 'converted' WHERE email = 'ben@beta.com';
DELETE FROM public.lead_assigned_to WHERE lead_id = '00000000-0000-0000-0000-00000000000c';
DELETE FROM public.lead WHERE email = 'cyd@gamma.com';
RESET ROLE;
DO $$
DECLARE
    outcome text := (SELECT string_agg(concat_ws(' ', l.email, l.status, l.owner_id, l.attributes ->> 'budget',
                (SELECT string_agg(split_part(u.email, '@', 1), '+') FROM public.lead_assigned_to a JOIN public.profile p ON p.id = a.profile_id
                   JOIN public.users u ON u.id = p.user_id WHERE a.lead_id::text = l.attached_key),
                (SELECT string_agg(coalesce(d.owner_id, d.queue), '>' ORDER BY d.id) FROM leadroute.decisions d WHERE d.lead_id = l.id)), ', ' ORDER BY l.id)
           FROM leadroute.leads l);
BEGIN
    -- Cyd came with Bob by hand, was taken from him, and was deleted.
    ASSERT outcome = 'ada@acme.com assigned bob 5000 bob ann>bob, ben@beta.com converted ann 7000 ann bob>ann, '
                     'cyd@gamma.com disqualified 1 catch_all>bob>catch_all>catch_all', outcome;
END $$;
