-- What the tests of CRM apps count, with rights that the app has not.
CREATE FUNCTION public.crm_decisions(relation text, key text) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$
    SELECT count(*) FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id
     WHERE l.attached_key = key AND l.attached_table = (SELECT t.table_no FROM leadroute.attached_tables t WHERE t.relation = crm_decisions.relation::regclass) $$;
CREATE FUNCTION public.crm_transfer(relation text, key text, rep text) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$
    SELECT leadroute.transfer_lead(leadroute.attached_lead(relation::regclass, key), rep) $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.crm_person, public.crm_lead, public.crm_deal, public.crm_deal_assigned_to TO clients_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO clients_app;
