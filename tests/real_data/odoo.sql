-- Odoo's leads: integer users and countries behind keys, a serial key, addresses as people type them. :schema is its table.
\set ON_ERROR_STOP 1
\set QUIET 1
SET client_min_messages = warning;
CREATE EXTENSION leadroute CASCADE;
INSERT INTO leadroute.reps (id, email) VALUES ('ann', 'ann@us.com'), ('bob', 'bob@us.com');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, countries, fallback_queue) VALUES ('germany', '{DE}', 'catch_all');
INSERT INTO leadroute.tiers (name, score, pool) VALUES ('likely', '[50,)', 'sales');
\i :schema
CREATE TABLE public.res_users (id integer PRIMARY KEY, login text);
CREATE TABLE public.res_country (id integer PRIMARY KEY, code text);
INSERT INTO public.res_users VALUES (2, 'admin'), (6, 'ann@us.com'), (7, 'bob@us.com');
INSERT INTO public.res_country VALUES (57, 'DE'), (75, 'FR');
ALTER TABLE public.crm_lead ADD FOREIGN KEY (user_id) REFERENCES public.res_users;
SELECT leadroute.attach('public.crm_lead', '{
    "email": {"expression": "coalesce(email_normalized, substring(email_from from ''<([^>]*)>''), email_from)"},
    "first_name": {"expression": "split_part(contact_name, '' '', 1)"}, "last_name": {"expression": "split_part(contact_name, '' '', 2)"},
    "company": "partner_name", "phone": "phone", "title": "function", "website": "website", "city": "city", "postal_code": "zip",
    "country": {"expression": "(SELECT c.code FROM public.res_country c WHERE c.id = country_id)"}, "score": {"expression": "probability"},
    "occurred_at": "create_date", "annual_revenue": "planned_revenue",
    "status": {"expression": "CASE WHEN lead.active IS FALSE THEN ''lost'' WHEN lead.date_closed IS NOT NULL THEN ''converted'' END"},
    "sla_due_at": "date_deadline",
    "owner_id": {"column": "user_id", "expression": "(SELECT u.id FROM public.res_users u WHERE u.login = rep.email)"}}') \gset

-- Odoo fills in the user who creates the lead; routing decides all the same.
INSERT INTO public.crm_lead (name, type, email_from, contact_name, partner_name, country_id, probability, user_id, active, create_date)
VALUES ('Demo', 'lead', '"Ada L" <Ada@Acme.com>', 'Ada L', 'Acme', 57, 80, 2, true, now() AT TIME ZONE 'UTC'),
       ('Quote', 'lead', 'ben@beta.com', 'Ben M', 'Beta', 57, 90, 2, true, now() AT TIME ZONE 'UTC'),
       ('Help', 'lead', 'cyd@gamma.com', 'Cyd N', 'Gamma', 75, 90, 2, true, now() AT TIME ZONE 'UTC'),
       ('Again', 'lead', 'ada+2@acme.com', 'Ada L', NULL, 57, 10, 2, true, now() AT TIME ZONE 'UTC');
UPDATE public.crm_lead SET user_id = 7 WHERE name = 'Help';
UPDATE public.crm_lead SET active = false WHERE name = 'Quote';
SELECT leadroute.escalate_overdue(as_of => now() + interval '10 days') AS escalated \gset
-- The lead that came to Bob by hand has no pool: its ladder ends in a queue.
DO $$
DECLARE
    outcome text := (SELECT string_agg(concat_ws(' ', l.email, l.first_name, l.country, l.status, l.owner_id, c.user_id, c.date_deadline IS NOT NULL), ', ' ORDER BY l.id)
           FROM leadroute.leads l JOIN public.crm_lead c ON c.id::text = l.attached_key);
BEGIN
    ASSERT outcome = 'ada@acme.com Ada DE assigned bob 7 t, ben@beta.com Ben DE lost bob 7 t, cyd@gamma.com Cyd FR queued t, '
                     'ada+2@acme.com Ada DE merged bob 7 f', outcome;
END $$;
