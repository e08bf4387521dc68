-- The rules that pick a segment, a tier, a clock and a playbook.

CREATE FUNCTION leadroute_internal.tenant_ranges(tenants text[]) RETURNS int8multirange
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    -- NULL stands apart: a rule for all tenants comes after those for one, and overlaps none of them
    SELECT coalesce((SELECT range_agg(int8range(h.key, h.key, '[]'))
                       FROM (SELECT greatest(hashtextextended(t, 0), -9223372036854775806) AS key FROM unnest(tenants) t) h),
                    int8multirange(int8range(-9223372036854775808, -9223372036854775808, '[]'))) $$;
COMMENT ON FUNCTION leadroute_internal.tenant_ranges(text[]) IS 'Tenants as ranges of one hash each, which exclusion constraints can compare; arrays they cannot.';

CREATE TABLE leadroute.event_types (
    name text PRIMARY KEY CHECK (name <> '' AND name = lower(name)),
    intent text NOT NULL CHECK (intent IN ('high', 'medium', 'low')),
    shipped boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE leadroute.event_types IS 'What buyers do, and how eager that shows them. An unknown event counts as medium.';
COMMENT ON COLUMN leadroute.event_types.name IS 'Key, lower case; compared with leads.event.';
COMMENT ON COLUMN leadroute.event_types.intent IS 'high, medium or low.';
COMMENT ON COLUMN leadroute.event_types.shipped IS 'A default of the extension that nobody has edited.';

CREATE TABLE leadroute.segments (
    name text PRIMARY KEY CHECK (leadroute_internal.must(name <> '', 'segments.name', name, 'any name that is not empty')),
    priority integer NOT NULL DEFAULT 100,
    territory text,
    enabled boolean NOT NULL DEFAULT true,
    effective tstzrange CHECK (leadroute_internal.must(NOT isempty(effective), 'segments.effective', effective::text, 'a range that is not empty; NULL is always')),
    countries leadroute.names,
    regions leadroute.names,
    postal_prefixes leadroute.names,
    industries leadroute.names,
    employees int4range CHECK (leadroute_internal.must(NOT isempty(employees), 'segments.employees', employees::text, 'a range that is not empty; NULL is any')),
    revenue numrange CHECK (leadroute_internal.must(NOT isempty(revenue) AND coalesce(lower(revenue), 0) BETWEEN -1e15 AND 1e15
        AND coalesce(upper(revenue), 0) BETWEEN -1e15 AND 1e15, 'segments.revenue', revenue::text, 'a range that is not empty, with bounds between -1e15 and 1e15; NULL is any')),
    products leadroute.names,
    languages leadroute.names,
    sources leadroute.names,
    events leadroute.names,
    condition jsonpath,
    required_skills leadroute.names,
    fallback_queue text,
    tenants leadroute.names,
    CONSTRAINT segments_have_a_way_out CHECK (leadroute_internal.must(territory IS NOT NULL OR fallback_queue IS NOT NULL, 'segments.territory', territory, 'a territory, or a fallback_queue where its leads wait when nobody is eligible'))
);
CREATE INDEX segments_territory_idx ON leadroute.segments (territory);
CREATE INDEX segments_fallback_queue_idx ON leadroute.segments (fallback_queue);
COMMENT ON TABLE leadroute.segments IS 'The lookup table: the first enabled row that matches, by priority, then name. NULL in a predicate is any; text is compared without regard to case.';
COMMENT ON COLUMN leadroute.segments.name IS 'Key.';
COMMENT ON COLUMN leadroute.segments.priority IS 'Lower is tried first; ties by name.';
COMMENT ON COLUMN leadroute.segments.territory IS 'Territory that the segment belongs to.';
COMMENT ON COLUMN leadroute.segments.enabled IS 'False skips the row.';
COMMENT ON COLUMN leadroute.segments.effective IS 'When the row counts; NULL is always.';
COMMENT ON COLUMN leadroute.segments.countries IS 'ISO 3166-1 alpha-2 codes.';
COMMENT ON COLUMN leadroute.segments.regions IS 'Regions or states.';
COMMENT ON COLUMN leadroute.segments.postal_prefixes IS 'Beginnings of postal codes.';
COMMENT ON COLUMN leadroute.segments.industries IS 'Canonical industries.';
COMMENT ON COLUMN leadroute.segments.employees IS 'Range of employees.';
COMMENT ON COLUMN leadroute.segments.revenue IS 'Range of annual revenue.';
COMMENT ON COLUMN leadroute.segments.products IS 'Products of interest.';
COMMENT ON COLUMN leadroute.segments.languages IS 'Languages of the buyer.';
COMMENT ON COLUMN leadroute.segments.sources IS 'Sources of the lead.';
COMMENT ON COLUMN leadroute.segments.events IS 'Trigger events.';
COMMENT ON COLUMN leadroute.segments.condition IS 'jsonpath over the lead as jsonb (columns as keys, attributes nested). It holds if its first result is neither false nor null. Checked last; a broken one is skipped and listed in config_problems.';
COMMENT ON COLUMN leadroute.segments.required_skills IS 'Skills that a rep must have for these leads.';
COMMENT ON COLUMN leadroute.segments.fallback_queue IS 'Where its leads wait when nobody is eligible; NULL leaves it to the territory, then to the pool.';
COMMENT ON COLUMN leadroute.segments.tenants IS 'Organisations whose leads may fall into it.';

CREATE TABLE leadroute.tiers (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    segment text,
    name text NOT NULL CHECK (leadroute_internal.must(name <> '', 'tiers.name', name, 'any name that is not empty')),
    score numrange NOT NULL DEFAULT '(,)' CHECK (leadroute_internal.must(NOT isempty(score) AND coalesce(lower(score), 0) BETWEEN -1e15 AND 1e15
        AND coalesce(upper(score), 0) BETWEEN -1e15 AND 1e15, 'tiers.score', score::text, 'a range that is not empty, with bounds between -1e15 and 1e15')),
    action text NOT NULL DEFAULT 'pool' CHECK (action IN ('pool', 'queue', 'nurture')),
    pool text,
    queue text,
    tenants leadroute.names,
    unless_intent text CHECK (unless_intent IN ('high', 'medium', 'low')),
    CONSTRAINT tiers_target_fits_action CHECK (leadroute_internal.must(CASE action WHEN 'pool' THEN pool IS NOT NULL AND queue IS NULL AND unless_intent IS NULL
                    WHEN 'queue' THEN queue IS NOT NULL AND (pool IS NULL OR unless_intent IS NOT NULL)
                    ELSE queue IS NULL AND (pool IS NULL OR unless_intent IS NOT NULL) END, 'tiers.action', action,
                    'pool with a pool, queue with a queue, and nurture with neither; the last two with a pool for unless_intent')),
    CONSTRAINT tiers_no_overlap EXCLUDE USING gist
        ((coalesce(segment, '')) WITH =, score WITH &&, leadroute_internal.tenant_ranges(tenants) WITH &&),
    CONSTRAINT tiers_name_of_tenant EXCLUDE USING gist
        ((coalesce(segment, '')) WITH =, name WITH =, leadroute_internal.tenant_ranges(tenants) WITH &&) WHERE (tenants IS NOT NULL)
);
CREATE UNIQUE INDEX tiers_name_key ON leadroute.tiers (coalesce(segment, ''), name) WHERE tenants IS NULL;
CREATE INDEX tiers_segment_idx ON leadroute.tiers (segment);
CREATE INDEX tiers_pool_idx ON leadroute.tiers (pool);
CREATE INDEX tiers_queue_idx ON leadroute.tiers (queue);
COMMENT ON TABLE leadroute.tiers IS 'What a score is worth. The tiers of a segment come before those for all segments, and of each those of a tenant before those for all; scores of one segment and tenant never overlap.';
COMMENT ON COLUMN leadroute.tiers.id IS 'Key.';
COMMENT ON COLUMN leadroute.tiers.segment IS 'Segment; NULL is every segment.';
COMMENT ON COLUMN leadroute.tiers.name IS 'Name, unique in the segment.';
COMMENT ON COLUMN leadroute.tiers.score IS 'Scores of the tier; a lead without score counts as 0.';
COMMENT ON COLUMN leadroute.tiers.action IS 'pool, queue or nurture.';
COMMENT ON COLUMN leadroute.tiers.pool IS 'The pool, for action pool and for leads of unless_intent.';
COMMENT ON COLUMN leadroute.tiers.unless_intent IS 'Leads whose event shows at least this intent go to a pool instead of queue or nurture: to pool, else to that of the next tier of the segment with higher scores.';
COMMENT ON COLUMN leadroute.tiers.queue IS 'The queue, for action queue.';
COMMENT ON COLUMN leadroute.tiers.tenants IS 'Organisations whose leads it takes; NULL is any.';

CREATE TABLE leadroute.sla_policies (
    name text PRIMARY KEY CHECK (leadroute_internal.must(name <> '', 'sla_policies.name', name, 'any name that is not empty')),
    priority integer NOT NULL DEFAULT 100,
    events leadroute.names,
    intents leadroute.names CHECK (intents <@ ARRAY['high', 'medium', 'low']),
    segments leadroute.names,
    respond_within interval NOT NULL CHECK (leadroute_internal.must(respond_within > interval '0' AND respond_within <= interval '1 year', 'sla_policies.respond_within', respond_within::text, 'more than 0, up to a year')),
    business_hours boolean NOT NULL DEFAULT false,
    shipped boolean NOT NULL DEFAULT false,
    tenants leadroute.names
);
COMMENT ON TABLE leadroute.sla_policies IS 'How fast a lead must be answered. Of the policies that match the first counts: by priority, then the shortest respond_within, then the name.';
COMMENT ON COLUMN leadroute.sla_policies.name IS 'Key.';
COMMENT ON COLUMN leadroute.sla_policies.priority IS 'Lower is tried first.';
COMMENT ON COLUMN leadroute.sla_policies.business_hours IS 'Whether only the working hours of the owner count (of the manager, for a lead in a queue), by their schedule, holidays and time zone. Without a schedule the wall clock counts.';
COMMENT ON COLUMN leadroute.sla_policies.events IS 'Trigger events; NULL is any.';
COMMENT ON COLUMN leadroute.sla_policies.intents IS 'Intents (high, medium, low); NULL is any.';
COMMENT ON COLUMN leadroute.sla_policies.segments IS 'Segments; NULL is any.';
COMMENT ON COLUMN leadroute.sla_policies.respond_within IS 'Time from the action of the buyer to the first response.';
COMMENT ON COLUMN leadroute.sla_policies.shipped IS 'A default of the extension that nobody has edited.';
COMMENT ON COLUMN leadroute.sla_policies.tenants IS 'Organisations whose leads it is for; NULL is any.';

CREATE TABLE leadroute.escalation_steps (
    policy text NOT NULL,
    step integer NOT NULL CHECK (leadroute_internal.must(step > 0, 'escalation_steps.step', step::text, '1 or more')),
    after interval NOT NULL DEFAULT '0' CHECK (leadroute_internal.must(after >= interval '0' AND after <= interval '1 year', 'escalation_steps.after', after::text, '0 up to a year')),
    action text NOT NULL CHECK (action IN ('remind', 'reassign', 'manager', 'queue')),
    shipped boolean NOT NULL DEFAULT false,
    PRIMARY KEY (policy, step)
);
COMMENT ON TABLE leadroute.escalation_steps IS 'What happens to a lead that nobody answers.';
COMMENT ON COLUMN leadroute.escalation_steps.policy IS 'The SLA policy.';
COMMENT ON COLUMN leadroute.escalation_steps.step IS 'Order of the steps.';
COMMENT ON COLUMN leadroute.escalation_steps.after IS 'Time after the response was due.';
COMMENT ON COLUMN leadroute.escalation_steps.action IS 'remind the owner, reassign to the next eligible rep of the pool, give it to the manager, or put it into the fallback queue. A step that cannot be done becomes the next stronger one.';
COMMENT ON COLUMN leadroute.escalation_steps.shipped IS 'A default of the extension that nobody has edited.';

CREATE TABLE leadroute.recycle_rules (
    reason text NOT NULL CHECK (reason <> ''),
    kind text NOT NULL CHECK (kind IN ('timing', 'fit')),
    cool_off interval NOT NULL DEFAULT '6 months' CHECK (leadroute_internal.must(cool_off >= interval '0' AND cool_off <= interval '100 years', 'recycle_rules.cool_off', cool_off::text, '0 up to 100 years')),
    queue text,
    tenants leadroute.names,
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    CONSTRAINT recycle_rules_reason_key EXCLUDE USING gist ((lower(reason)) WITH =, leadroute_internal.tenant_ranges(tenants) WITH &&)
);
CREATE INDEX recycle_rules_queue_idx ON leadroute.recycle_rules (queue);
COMMENT ON TABLE leadroute.recycle_rules IS 'What becomes of leads of disqualified accounts. A reason without a rule counts as poor fit.';
COMMENT ON COLUMN leadroute.recycle_rules.reason IS 'Compared with accounts.disqualified_reason, whatever its case; one rule for each tenant, and one for all others.';
COMMENT ON COLUMN leadroute.recycle_rules.kind IS 'timing goes on down the layers after cool_off, fit never does.';
COMMENT ON COLUMN leadroute.recycle_rules.cool_off IS 'Time since the disqualification; a month counts as 30 days.';
COMMENT ON COLUMN leadroute.recycle_rules.queue IS 'Queue until then; NULL is recycling.';
COMMENT ON COLUMN leadroute.recycle_rules.tenants IS 'Organisations whose accounts it is for; NULL is any.';
COMMENT ON COLUMN leadroute.recycle_rules.id IS 'Key.';

CREATE TABLE leadroute.score_criteria (
    name text PRIMARY KEY CHECK (leadroute_internal.must(name <> '', 'score_criteria.name', name, 'any name that is not empty')),
    points numeric NOT NULL CHECK (leadroute_internal.must(points = round(points, 2) AND points BETWEEN -1000000 AND 1000000, 'score_criteria.points', points::text,
        'a number from -1000000 to 1000000 with at most two decimals')),
    condition jsonpath,
    reason text,
    effective tstzrange CHECK (leadroute_internal.must(NOT isempty(effective), 'score_criteria.effective', effective::text, 'a range that is not empty; NULL is always')),
    half_life interval CHECK (leadroute_internal.must(half_life > interval '0' AND half_life <= interval '100 years', 'score_criteria.half_life', half_life::text,
        'more than 0, up to 100 years; NULL is for points that do not age')),
    tenants leadroute.names,
    enabled boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE leadroute.score_criteria IS 'What a lead without score is scored by: the sum of the points of all rows whose condition holds. A score that somebody gave stays.';
COMMENT ON COLUMN leadroute.score_criteria.name IS 'Key.';
COMMENT ON COLUMN leadroute.score_criteria.points IS 'What it adds to the score, or takes from it.';
COMMENT ON COLUMN leadroute.score_criteria.condition IS 'jsonpath over the lead as jsonb, as segments.condition; NULL holds for every lead. One that is broken, or fails for a lead, gives no points, and the trace says so.';
COMMENT ON COLUMN leadroute.score_criteria.reason IS 'Why, for people.';
COMMENT ON COLUMN leadroute.score_criteria.effective IS 'When the row counts; NULL is always.';
COMMENT ON COLUMN leadroute.score_criteria.half_life IS 'Points age: points * 0.5 ^ (age / half_life), where age is the time from leads.occurred_at until the lead is scored, rounded to hundredths. A month counts as 30 days. NULL: they do not.';
COMMENT ON COLUMN leadroute.score_criteria.tenants IS 'Organisations whose leads it is for; NULL is any.';
COMMENT ON COLUMN leadroute.score_criteria.enabled IS 'False skips the row.';

CREATE TABLE leadroute.playbooks (
    name text PRIMARY KEY CHECK (leadroute_internal.must(name <> '', 'playbooks.name', name, 'any name that is not empty')),
    priority integer NOT NULL DEFAULT 100,
    segments leadroute.names,
    tiers leadroute.names,
    events leadroute.names,
    expansion boolean,
    recycled boolean,
    description text,
    tenants leadroute.names,
    score numrange CHECK (leadroute_internal.must(NOT isempty(score) AND coalesce(lower(score), 0) BETWEEN -1e15 AND 1e15
        AND coalesce(upper(score), 0) BETWEEN -1e15 AND 1e15, 'playbooks.score', score::text, 'a range that is not empty, with bounds between -1e15 and 1e15; NULL is any'))
);
COMMENT ON TABLE leadroute.playbooks IS 'How to work a lead: the first that matches, by priority, then name. NULL is any.';
COMMENT ON COLUMN leadroute.playbooks.name IS 'Key.';
COMMENT ON COLUMN leadroute.playbooks.priority IS 'Lower is tried first.';
COMMENT ON COLUMN leadroute.playbooks.segments IS 'Segments.';
COMMENT ON COLUMN leadroute.playbooks.tiers IS 'Names of tiers.';
COMMENT ON COLUMN leadroute.playbooks.events IS 'Trigger events.';
COMMENT ON COLUMN leadroute.playbooks.expansion IS 'Only leads from another part of a customer, or none of them.';
COMMENT ON COLUMN leadroute.playbooks.recycled IS 'Only leads of accounts that have cooled off, or none of them.';
COMMENT ON COLUMN leadroute.playbooks.description IS 'What to do.';
COMMENT ON COLUMN leadroute.playbooks.tenants IS 'Organisations whose leads it is for.';
COMMENT ON COLUMN leadroute.playbooks.score IS 'Scores; a lead without one counts as 0. For leads of accounts, which have no tier.';
