-- The last 30 days of what report functions sum up, as views of the same names. A view is read with its own rights, but a function in
-- it with those of the reader; so each calls one that has its rights, and nobody needs more than SELECT on the view.

DO $$
DECLARE
    report text;
BEGIN
    FOREACH report IN ARRAY ARRAY['unrouted_rate', 'leads_by_rep', 'sla_by_rep', 'sla_by_territory', 'speed_percentiles', 'claim_patterns', 'audit_measures'] LOOP
        -- infinity: what comes in this very moment is recent, too
        EXECUTE format('CREATE FUNCTION leadroute_internal.recent_%1$s() RETURNS %2$s LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
                        %3$L', report, (SELECT pg_get_function_result(p.oid) FROM pg_proc p WHERE p.pronamespace = 'leadroute'::regnamespace AND p.proname = report
                                                                                            AND p.proargnames[1:2] = '{since,until}'),
                       format('SELECT * FROM leadroute.%I(now() - interval ''30 days'', ''infinity'')', report));
        EXECUTE format('COMMENT ON FUNCTION leadroute_internal.recent_%1$s() IS %2$L', report, format('%s() of the last 30 days. Internal.', report));
        EXECUTE format('CREATE VIEW leadroute.%1$I AS SELECT * FROM leadroute_internal.recent_%1$s()', report);
        EXECUTE format('COMMENT ON VIEW leadroute.%1$I IS %2$L', report, format('What the function %s() says of the last 30 days.', report));
    END LOOP;
END $$;
COMMENT ON COLUMN leadroute.unrouted_rate.week IS 'The Monday of the ISO week in which the leads came.';
COMMENT ON COLUMN leadroute.unrouted_rate.leads IS 'Leads that came, touches apart.';
COMMENT ON COLUMN leadroute.unrouted_rate.unrouted IS 'Leads that went to catch-all because nothing else took them, or were not routed at all.';
COMMENT ON COLUMN leadroute.unrouted_rate.fallback IS 'Leads that fell back to any queue, catch-all among them.';
COMMENT ON COLUMN leadroute.unrouted_rate.errors IS 'Of these, leads with which something went wrong; their decisions have the error.';
COMMENT ON COLUMN leadroute.unrouted_rate.percent_unrouted IS 'unrouted in percent of leads.';
COMMENT ON COLUMN leadroute.leads_by_rep.rep_id IS 'The rep; NULL for leads that nobody had.';
COMMENT ON COLUMN leadroute.leads_by_rep.leads IS 'Leads that the rep was given when they came.';
COMMENT ON COLUMN leadroute.leads_by_rep.leads_now IS 'Leads of the period that the rep has now, or had when they were closed.';
COMMENT ON COLUMN leadroute.leads_by_rep.answered IS 'Of leads_now, those that somebody has answered.';
COMMENT ON COLUMN leadroute.leads_by_rep.closed IS 'Of leads_now, those converted, lost or disqualified.';
COMMENT ON COLUMN leadroute.leads_by_rep.converted IS 'Of leads_now, those converted.';
COMMENT ON COLUMN leadroute.leads_by_rep.percent_converted IS 'converted in percent of closed; NULL where none is.';
COMMENT ON COLUMN leadroute.leads_by_rep.value_won IS 'Sum of leads.amount of the converted.';
COMMENT ON COLUMN leadroute.leads_by_rep.tenant IS 'The tenant of the leads.';
COMMENT ON COLUMN leadroute.sla_by_rep.rep_id IS 'The rep for whom the clocks count.';
COMMENT ON COLUMN leadroute.sla_by_rep.clocks IS 'Clocks.';
COMMENT ON COLUMN leadroute.sla_by_rep.met IS 'Answered in time.';
COMMENT ON COLUMN leadroute.sla_by_rep.breached IS 'Time ran out while the rep had the lead.';
COMMENT ON COLUMN leadroute.sla_by_rep.running IS 'Running, with time left.';
COMMENT ON COLUMN leadroute.sla_by_rep.percent_met IS 'met in percent of n; NULL where that is 0.';
COMMENT ON COLUMN leadroute.sla_by_rep.tenant IS 'The tenant of the leads.';
COMMENT ON COLUMN leadroute.sla_by_rep.rescues IS 'Leads of others, or of queues, whose time had run out and that this rep answered; not among clocks.';
COMMENT ON COLUMN leadroute.sla_by_rep.ended IS 'Ended in time without an answer: closed, merged, rerouted, or gone on as another clock.';
COMMENT ON COLUMN leadroute.sla_by_rep.n IS 'met and breached.';
COMMENT ON COLUMN leadroute.sla_by_territory.territory IS 'The territory that the lead had when the clock ended or ran out; while it runs, that of now.';
COMMENT ON COLUMN leadroute.sla_by_territory.clocks IS 'Clocks, also of leads in queues.';
COMMENT ON COLUMN leadroute.sla_by_territory.met IS 'Answered in time.';
COMMENT ON COLUMN leadroute.sla_by_territory.breached IS 'Time ran out without an answer.';
COMMENT ON COLUMN leadroute.sla_by_territory.running IS 'Running, with time left.';
COMMENT ON COLUMN leadroute.sla_by_territory.percent_met IS 'met in percent of n; NULL where that is 0.';
COMMENT ON COLUMN leadroute.sla_by_territory.tenant IS 'The tenant of the leads.';
COMMENT ON COLUMN leadroute.sla_by_territory.rescues IS 'Of breached, those that somebody else answered then.';
COMMENT ON COLUMN leadroute.sla_by_territory.ended IS 'Ended in time without an answer: closed, merged, rerouted, or gone on as another clock.';
COMMENT ON COLUMN leadroute.sla_by_territory.n IS 'met and breached.';
COMMENT ON COLUMN leadroute.speed_percentiles.dimension IS 'all, rep, team, territory, segment, tier, pool, source, campaign, channel, event, intent or week.';
COMMENT ON COLUMN leadroute.speed_percentiles.value IS 'Which of them; NULL for rows that have none, so that each dimension adds up to all.';
COMMENT ON COLUMN leadroute.speed_percentiles.leads IS 'Leads, of which one may have several actions.';
COMMENT ON COLUMN leadroute.speed_percentiles.n IS 'Actions of buyers: rows of speed_to_lead.';
COMMENT ON COLUMN leadroute.speed_percentiles.answered IS 'Of n, those that were answered; percentiles of the response are of these.';
COMMENT ON COLUMN leadroute.speed_percentiles.unanswered IS 'Of n, those that were not, or not yet.';
COMMENT ON COLUMN leadroute.speed_percentiles.within_target IS 'Of answered, those before their due time.';
COMMENT ON COLUMN leadroute.speed_percentiles.percent_within_target IS 'within_target in percent of these and of those whose time ran out; NULL where that is nothing.';
COMMENT ON COLUMN leadroute.speed_percentiles.p50 IS 'From the action of the buyer to the response: half were answered within it.';
COMMENT ON COLUMN leadroute.speed_percentiles.p90 IS 'Nine of ten were.';
COMMENT ON COLUMN leadroute.speed_percentiles.p99 IS '99 of 100 were.';
COMMENT ON COLUMN leadroute.speed_percentiles.p50_to_route IS 'From the action to routing: half were routed within it.';
COMMENT ON COLUMN leadroute.speed_percentiles.p99_to_route IS '99 of 100 were.';
COMMENT ON COLUMN leadroute.speed_percentiles.tenant IS 'The tenant of the leads.';
COMMENT ON COLUMN leadroute.claim_patterns.rep_id IS 'The rep.';
COMMENT ON COLUMN leadroute.claim_patterns.attribute IS 'segment, size or mail.';
COMMENT ON COLUMN leadroute.claim_patterns.value IS 'Which segment, size of company or kind of mail address.';
COMMENT ON COLUMN leadroute.claim_patterns.offered IS 'Leads with it that the rep claimed or skipped.';
COMMENT ON COLUMN leadroute.claim_patterns.skipped IS 'Of these, those skipped.';
COMMENT ON COLUMN leadroute.claim_patterns.percent_skipped IS 'skipped in percent of offered.';
COMMENT ON COLUMN leadroute.claim_patterns.percent_skipped_otherwise IS 'The same of leads without it; NULL where there was none.';
COMMENT ON COLUMN leadroute.claim_patterns.is_flagged IS 'At least 20 offered with it and 20 without, and skipped by 30 points more.';
COMMENT ON COLUMN leadroute.claim_patterns.tenant IS 'The tenant of the leads.';
COMMENT ON COLUMN leadroute.audit_measures.measure IS 'What is measured.';
COMMENT ON COLUMN leadroute.audit_measures.value IS 'How much, in unit; NULL for a share of nothing.';
COMMENT ON COLUMN leadroute.audit_measures.unit IS 'leads, percent, clocks, touches, minutes, or amount: the currency of close_lead().';
COMMENT ON COLUMN leadroute.audit_measures."limit" IS 'What value should not pass; NULL where there is no limit.';
COMMENT ON COLUMN leadroute.audit_measures.is_ok IS 'Whether it does not; NULL where there is no limit, or no value.';
COMMENT ON COLUMN leadroute.audit_measures.n IS 'Of how many value is a share, or a figure.';
COMMENT ON COLUMN leadroute.audit_measures.detail IS 'The same in words.';
