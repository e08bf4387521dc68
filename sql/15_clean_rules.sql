-- Rules are stored clean: each value goes through the function that cleans that of a lead, or is refused.

CREATE FUNCTION leadroute_internal.clean_rule() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_clean_rule';
COMMENT ON FUNCTION leadroute_internal.clean_rule() IS 'Trigger: values of rules are cleaned like those of leads. Its arguments are columns with what they hold.';

CREATE FUNCTION leadroute_internal.cleaned(form text, value text) RETURNS text
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'leadroute_cleaned';
COMMENT ON FUNCTION leadroute_internal.cleaned(text, text) IS 'A value in the form in which leads and rules have it: event, language, country and the like; NULL if it cannot be read. Internal.';

CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.segments FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule(
    'countries', 'country', 'regions', 'shown', 'postal_prefixes', 'postal', 'industries', 'shown', 'products', 'shown', 'languages', 'language',
    'sources', 'shown', 'events', 'event', 'required_skills', 'shown');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.reps FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule(
    'languages', 'language', 'products', 'shown', 'skills', 'shown', 'presence', 'online,away,offline');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.tiers FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule('action', 'pool,queue,nurture', 'unless_intent', 'high,medium,low');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.event_types FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule('name', 'event', 'intent', 'high,medium,low');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.sla_policies FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule('events', 'event', 'intents', 'high,medium,low');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.escalation_steps FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule('action', 'remind,reassign,manager,queue');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.recycle_rules FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule('reason', 'shown', 'kind', 'timing,fit');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.enrichment_rules FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule(
    'source', 'shown', 'field', 'shown', 'overwrites', 'refused,nothing,own,providers,everything');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.providers FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule('name', 'shown', 'kind', 'qualify,enrich,sequence', 'fields', 'folded');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.account_policies FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule(
    'kind', 'prospect,customer,churned,partner,disqualified', 'when_off_duty', 'keep,replace', 'when_all_away', 'keep,segment');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.account_matching FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule('legal_forms', 'shown');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.playbooks FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule('events', 'event');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.accounts FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule(
    'kind', 'prospect,customer,churned,partner,disqualified', 'country', 'country');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.account_domains FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule('domain', 'company_domain');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.contacts FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule('email', 'contact');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.domain_rules FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule(
    'domain', 'domain', 'kind', 'partner,competitor,internal,blocked,personal,company');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.mail_domains FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule('domain', 'domain', 'kind', 'personal,disposable');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.industry_aliases FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule('alias', 'folded', 'canonical', 'shown');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.country_aliases FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule('alias', 'folded', 'canonical', 'country');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.queues FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule(
    'kind', 'catch_all,triage,fallback,partner,competitor,internal,blocked,recycling');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.pools FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule(
    'strategy', 'weighted_round_robin,least_loaded', 'when_all_away', 'fallback,hold,assign_anyway');
CREATE TRIGGER "05_clean" BEFORE INSERT OR UPDATE ON leadroute.absences FOR EACH ROW EXECUTE FUNCTION leadroute_internal.clean_rule('kind', 'pto,sick,meeting,other');
