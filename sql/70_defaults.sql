-- Defaults that make an empty installation work. Editing one makes it yours; see replace_shipped().

INSERT INTO leadroute.queues (name, kind, shipped) VALUES
    ('catch_all', 'catch_all', true),
    ('partner', 'partner', true),
    ('competitor', 'competitor', true),
    ('internal', 'internal', true),
    ('blocked', 'blocked', true),
    ('recycling', 'recycling', true);

INSERT INTO leadroute.event_types (name, intent, shipped) VALUES
    ('demo_request', 'high', true),
    ('contact_sales', 'high', true),
    ('quote_request', 'high', true),
    ('trial_signup', 'medium', true),
    ('webinar', 'medium', true),
    ('intent_signal', 'medium', true),
    ('content_download', 'low', true),
    ('newsletter', 'low', true);

INSERT INTO leadroute.sla_policies (name, intents, respond_within, shipped) VALUES
    ('high intent', '{high}', '5 minutes', true),
    ('medium intent', '{medium}', '15 minutes', true),
    ('low intent', '{low}', '1 hour', true);

INSERT INTO leadroute.escalation_steps (policy, step, after, action, shipped) VALUES
    ('high intent', 1, '0', 'reassign', true),
    ('high intent', 2, '5 minutes', 'manager', true),
    ('medium intent', 1, '0', 'reassign', true),
    ('medium intent', 2, '15 minutes', 'manager', true),
    ('low intent', 1, '0', 'reassign', true),
    ('low intent', 2, '1 hour', 'manager', true);

-- Everyday names; codes and official names come from ISO 3166-1.
INSERT INTO leadroute.country_aliases (alias, canonical, shipped) VALUES
    ('uk', 'GB', true), ('u.k.', 'GB', true), ('united kingdom', 'GB', true), ('great britain', 'GB', true),
    ('england', 'GB', true), ('scotland', 'GB', true), ('wales', 'GB', true), ('northern ireland', 'GB', true),
    ('united states', 'US', true), ('u.s.', 'US', true), ('u.s.a.', 'US', true), ('america', 'US', true),
    ('holland', 'NL', true), ('netherlands', 'NL', true), ('south korea', 'KR', true), ('korea', 'KR', true),
    ('russia', 'RU', true), ('czech republic', 'CZ', true), ('taiwan', 'TW', true), ('vietnam', 'VN', true),
    ('turkey', 'TR', true), ('uae', 'AE', true), ('ivory coast', 'CI', true), ('swiss', 'CH', true);

INSERT INTO leadroute.reason_codes (code, description, kind, needs_text, shipped) VALUES
    ('bad_fit', 'Not somebody whom this rep, or anybody, can sell to', 'misroute', false, true),
    ('wrong_territory', 'Belongs to another territory', 'misroute', false, true),
    ('wrong_skill', 'Needs another language, product or skill', 'misroute', false, true),
    ('duplicate', 'Somebody has this person or company already', 'lead', false, true),
    ('other', 'Something else, in words', 'unclear', true, true);

INSERT INTO leadroute.alarm_thresholds (name, measure, "limit", at_least, period, shipped) VALUES
    ('unrouted leads', 'unrouted_share', 2, 50, '1 day', true),
    ('fallback share', 'fallback_share', NULL, 20, '1 hour', true),
    ('hotspot territory', 'territory_load', 3, 50, '30 days', true),
    ('missed SLAs', 'missed_slas', 25, 20, '30 days', true),
    ('flat score band', 'score_band', 0, 50, '90 days', true),
    ('empty pool', 'empty_pool', 1, 1, '1 day', true);
