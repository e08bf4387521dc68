-- Triggers that check the routing tables beyond constraints, and tell sessions of changes.

CREATE FUNCTION leadroute_internal.not_our_trigger(name text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% can only be called by the triggers of leadroute', name
        USING ERRCODE = 'trigger_protocol_violated', HINT = 'Do not create triggers with it.';
END $$;
COMMENT ON FUNCTION leadroute_internal.not_our_trigger(text) IS 'The error of a trigger function that somebody has put on another table. Trigger functions run as the owner and check where they are called: whoever may execute one can put it on a table of their own.';

CREATE FUNCTION leadroute_internal.setting(name text) RETURNS text
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'leadroute_setting';
COMMENT ON FUNCTION leadroute_internal.setting(text) IS 'The setting leadroute.name, also in a session that has not loaded the library yet. Internal.';

CREATE FUNCTION leadroute_internal.config_changed() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_config_changed';
COMMENT ON FUNCTION leadroute_internal.config_changed() IS 'Trigger: makes every session read the rules, the roster or the mappings again, once the change commits.';

CREATE FUNCTION leadroute_internal.guard_catch_all() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME <> 'queues' THEN
        PERFORM leadroute_internal.not_our_trigger('guard_catch_all');
    END IF;
    IF TG_OP <> 'TRUNCATE' THEN
        IF OLD.kind <> 'catch_all' OR OLD.tenant IS NOT NULL THEN
            RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
        END IF;
        IF TG_OP = 'UPDATE' AND NEW.kind = 'catch_all' AND NEW.name = OLD.name AND NEW.tenant IS NULL THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the catch-all queue cannot be removed or renamed'
        USING ERRCODE = 'restrict_violation',
              HINT = 'It is where leads go when nobody else can take them. Set its manager_id instead.';
END $$;
COMMENT ON FUNCTION leadroute_internal.guard_catch_all() IS 'Trigger: keeps the catch-all queue.';

CREATE TRIGGER guard_catch_all BEFORE UPDATE OR DELETE ON leadroute.queues
    FOR EACH ROW EXECUTE FUNCTION leadroute_internal.guard_catch_all();
CREATE TRIGGER guard_catch_all_truncate BEFORE TRUNCATE ON leadroute.queues
    FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.guard_catch_all();

CREATE FUNCTION leadroute_internal.fill_rule_queue() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME <> 'domain_rules' THEN
        PERFORM leadroute_internal.not_our_trigger('fill_rule_queue');
    END IF;
    IF NEW.queue IS NULL AND NEW.kind NOT IN ('personal', 'company') THEN
        NEW.queue := NEW.kind;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION leadroute_internal.fill_rule_queue() IS 'Trigger: a domain rule without queue uses the queue named like its kind.';

CREATE TRIGGER fill_rule_queue BEFORE INSERT OR UPDATE ON leadroute.domain_rules
    FOR EACH ROW EXECUTE FUNCTION leadroute_internal.fill_rule_queue();

CREATE FUNCTION leadroute_internal.refuse_if_used() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    used boolean;
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME NOT IN ('reps', 'queues') THEN
        PERFORM leadroute_internal.not_our_trigger('refuse_if_used');
    END IF;
    IF leadroute_internal.is_within_restore() THEN
        RETURN OLD;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM leadroute.leads WHERE %I = $1)', TG_ARGV[1])
       INTO used USING to_jsonb(OLD) ->> TG_ARGV[0];
    IF used THEN
        RAISE EXCEPTION '% "%" still has leads', TG_ARGV[2], to_jsonb(OLD) ->> TG_ARGV[0]
            USING ERRCODE = 'foreign_key_violation', HINT = TG_ARGV[3];
    END IF;
    RETURN OLD;
END $$;
COMMENT ON FUNCTION leadroute_internal.refuse_if_used() IS 'Trigger: refuses to delete what leads still point to.';

CREATE FUNCTION leadroute_internal.close_to_routing(kind text, name text) RETURNS bigint
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_close_to_routing';
COMMENT ON FUNCTION leadroute_internal.close_to_routing(text, text) IS 'Keeps routing from giving leads to a rep or queue until the transaction ends, once no other transaction does any more, and returns how many it has. Internal.';

CREATE FUNCTION leadroute_internal.wait_for_routing() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text;
    leads bigint;
    seen bigint;
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME NOT IN ('reps', 'queues') THEN
        PERFORM leadroute_internal.not_our_trigger('wait_for_routing');
    END IF;
    IF leadroute_internal.is_within_restore() THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    name := to_jsonb(OLD) ->> TG_ARGV[0];
    leads := leadroute_internal.close_to_routing(TG_ARGV[2], name);
    -- An older snapshot would not see leads that came while it waited.
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        EXECUTE format('SELECT count(*) FROM leadroute.leads WHERE %I = $1', TG_ARGV[1]) INTO seen USING name;
        IF seen <> leads THEN
            RAISE EXCEPTION '% "%" was given leads by transactions that this one does not see', TG_ARGV[2], name
                USING ERRCODE = 'serialization_failure', HINT = 'Try again in a new transaction.';
        END IF;
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
COMMENT ON FUNCTION leadroute_internal.wait_for_routing() IS 'Trigger: waits until no open transaction gives leads to what is deleted or renamed, at most lock_timeout or 10 s.';

-- Before refuse_if_used and the rename, which then see all leads.
CREATE TRIGGER close_delete BEFORE DELETE ON leadroute.reps FOR EACH ROW
    EXECUTE FUNCTION leadroute_internal.wait_for_routing('id', 'owner_id', 'rep');
CREATE TRIGGER close_delete BEFORE DELETE ON leadroute.queues FOR EACH ROW WHEN (OLD.kind <> 'catch_all' OR OLD.tenant IS NOT NULL)
    EXECUTE FUNCTION leadroute_internal.wait_for_routing('name', 'queue', 'queue');
CREATE TRIGGER close_rename BEFORE UPDATE ON leadroute.reps FOR EACH ROW WHEN (OLD.id <> NEW.id)
    EXECUTE FUNCTION leadroute_internal.wait_for_routing('id', 'owner_id', 'rep');
CREATE TRIGGER close_rename BEFORE UPDATE ON leadroute.queues FOR EACH ROW WHEN (OLD.name <> NEW.name AND (OLD.kind <> 'catch_all' OR OLD.tenant IS NOT NULL))
    EXECUTE FUNCTION leadroute_internal.wait_for_routing('name', 'queue', 'queue');

CREATE TRIGGER refuse_if_used BEFORE DELETE ON leadroute.reps FOR EACH ROW
    EXECUTE FUNCTION leadroute_internal.refuse_if_used('id', 'owner_id', 'rep', 'Set reps.active to false, or give the leads to somebody else first.');
CREATE TRIGGER refuse_if_used BEFORE DELETE ON leadroute.queues FOR EACH ROW
    EXECUTE FUNCTION leadroute_internal.refuse_if_used('name', 'queue', 'queue', 'Move its leads to another queue first.');

CREATE FUNCTION leadroute_internal.keep_tenant() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME NOT IN ('reps', 'accounts') THEN
        PERFORM leadroute_internal.not_our_trigger('keep_tenant');
    END IF;
    IF TG_TABLE_NAME = 'accounts' THEN
        RAISE EXCEPTION 'the tenant of an account cannot change: account "%" belongs to "%"', OLD.id, OLD.tenant
            USING ERRCODE = 'restrict_violation', HINT = 'Insert the account for the other tenant, and delete this one.';
    END IF;
    PERFORM leadroute_internal.close_to_routing('rep', OLD.id);
    IF EXISTS (SELECT FROM leadroute.leads WHERE owner_id = OLD.id) THEN
        RAISE EXCEPTION 'rep "%" still has leads of tenant "%"', OLD.id, OLD.tenant
            USING ERRCODE = 'restrict_violation', HINT = 'Give the leads to somebody else first.';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION leadroute_internal.keep_tenant() IS 'Trigger: accounts, and reps who have leads, stay in their tenant.';
CREATE TRIGGER keep_tenant BEFORE UPDATE ON leadroute.accounts FOR EACH ROW WHEN (OLD.tenant <> NEW.tenant)
    EXECUTE FUNCTION leadroute_internal.keep_tenant();
CREATE TRIGGER keep_tenant BEFORE UPDATE ON leadroute.reps FOR EACH ROW WHEN (OLD.tenant <> NEW.tenant)
    EXECUTE FUNCTION leadroute_internal.keep_tenant();

-- A tier's name is unique in its segment only.
CREATE FUNCTION leadroute_internal.cascade_tier_rename() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME <> 'tiers' THEN
        PERFORM leadroute_internal.not_our_trigger('cascade_tier_rename');
    END IF;
    IF NEW.name <> OLD.name THEN
        UPDATE leadroute.leads l SET tier = NEW.name
         WHERE l.tier = OLD.name
           AND CASE WHEN NEW.segment IS NOT NULL THEN l.segment = NEW.segment
                    ELSE NOT EXISTS (SELECT FROM leadroute.tiers t WHERE t.segment = l.segment AND t.name = OLD.name) END;
        IF NOT EXISTS (SELECT FROM leadroute.tiers WHERE name = OLD.name) THEN
            UPDATE leadroute.playbooks SET tiers = array_replace(tiers::text[], OLD.name, NEW.name) WHERE OLD.name = ANY (tiers);
        END IF;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute_internal.cascade_tier_rename() IS 'Trigger: carries the new name of a tier to its leads, and to playbooks once no tier has the old one.';

CREATE TRIGGER cascade_rename AFTER UPDATE OF name ON leadroute.tiers FOR EACH ROW
    EXECUTE FUNCTION leadroute_internal.cascade_tier_rename();

CREATE FUNCTION leadroute_internal.another_seat() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME <> 'pool_members' THEN
        PERFORM leadroute_internal.not_our_trigger('another_seat');
    END IF;
    -- A rename of the rep or the pool comes here too, but then the old name is gone.
    IF NEW.rep_id <> OLD.rep_id AND EXISTS (SELECT FROM leadroute.reps WHERE id = OLD.rep_id)
       OR NEW.pool <> OLD.pool AND EXISTS (SELECT FROM leadroute.pools WHERE name = OLD.pool) THEN
        NEW.seat := nextval('leadroute.pool_members_seat_seq');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION leadroute_internal.another_seat() IS 'Trigger: a member who is replaced or moved to another pool starts with a seat of their own.';

CREATE TRIGGER another_seat BEFORE UPDATE OF pool, rep_id ON leadroute.pool_members
    FOR EACH ROW EXECUTE FUNCTION leadroute_internal.another_seat();

CREATE FUNCTION leadroute_internal.close_pool() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME <> 'pools' THEN
        PERFORM leadroute_internal.not_our_trigger('close_pool');
    END IF;
    PERFORM leadroute_internal.close_to_routing('pool', OLD.pool_no::text);
    RETURN OLD;
END $$;
COMMENT ON FUNCTION leadroute_internal.close_pool() IS 'Trigger: waits until no open transaction takes turns in a pool that is deleted, at most lock_timeout or 10 s. Its turns go with it.';
CREATE TRIGGER close_delete BEFORE DELETE ON leadroute.pools FOR EACH ROW EXECUTE FUNCTION leadroute_internal.close_pool();

CREATE FUNCTION leadroute_internal.forget_load(rep_no integer) RETURNS void
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_forget_load';
COMMENT ON FUNCTION leadroute_internal.forget_load(integer) IS 'Removes the load of a rep who has been deleted.';

CREATE FUNCTION leadroute_internal.rep_deleted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME <> 'reps' THEN
        PERFORM leadroute_internal.not_our_trigger('rep_deleted');
    END IF;
    PERFORM leadroute_internal.forget_load(OLD.rep_no);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute_internal.rep_deleted() IS 'Trigger: a load goes with its rep.';
CREATE TRIGGER rep_deleted AFTER DELETE ON leadroute.reps FOR EACH ROW EXECUTE FUNCTION leadroute_internal.rep_deleted();

CREATE FUNCTION leadroute_internal.roster_truncated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME NOT IN ('reps', 'pools') THEN
        PERFORM leadroute_internal.not_our_trigger('roster_truncated');
    END IF;
    -- Makes routing wait: beside rows whose deletion is not committed, the versions of a sum would start over.
    IF TG_TABLE_NAME = 'pools' THEN
        LOCK TABLE leadroute.turns IN ACCESS EXCLUSIVE MODE;
        DELETE FROM leadroute.turns;
        DELETE FROM leadroute.returned_turns;
        RETURN NULL;
    END IF;
    -- Refused at once, rather than after a wait in which nobody can route.
    IF EXISTS (SELECT FROM leadroute.leads WHERE owner_id IS NOT NULL) THEN
        RAISE EXCEPTION 'table "reps" cannot be truncated: reps still have leads'
            USING ERRCODE = 'foreign_key_violation', HINT = 'Truncate leadroute.leads in the same command, or set reps.active to false.';
    END IF;
    -- Waits for open transactions that give leads to reps; then looks again.
    LOCK TABLE leadroute.leads IN SHARE ROW EXCLUSIVE MODE;
    LOCK TABLE leadroute.loads IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM leadroute.leads WHERE owner_id IS NOT NULL) THEN
        RAISE EXCEPTION 'table "reps" cannot be truncated: reps still have leads'
            USING ERRCODE = 'foreign_key_violation', HINT = 'Truncate leadroute.leads in the same command, or set reps.active to false.';
    END IF;
    DELETE FROM leadroute.loads;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute_internal.roster_truncated() IS 'Trigger: turns go with their pools, loads with their reps; reps who have leads stay.';
CREATE TRIGGER roster_truncated AFTER TRUNCATE ON leadroute.reps FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.roster_truncated();
CREATE TRIGGER roster_truncated AFTER TRUNCATE ON leadroute.pools FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.roster_truncated();

DO $$
DECLARE
    name text;
    kind text;
BEGIN
    FOR name, kind IN
        SELECT unnest(tables), "group" FROM (VALUES
            ('rules', '{segments,tiers,pools,queues,territories,event_types,sla_policies,escalation_steps,recycle_rules,account_policies,account_matching,score_criteria,playbooks,providers,
                        industry_aliases,country_aliases}'::text[]),
            ('roster', '{reps,pool_members,absences,schedules,schedule_hours,holidays}'),
            ('attached', '{attached_tables}')) v ("group", tables)
    LOOP
        EXECUTE format('CREATE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON leadroute.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.config_changed(%L)', name, kind);
        -- also when a subscription applies the change: as it copies a table, and then row by row, when only such triggers fire
        EXECUTE format('ALTER TABLE leadroute.%I ENABLE ALWAYS TRIGGER config_changed', name);
        EXECUTE format('CREATE TRIGGER config_replicated AFTER INSERT OR UPDATE OR DELETE ON leadroute.%I '
                       'FOR EACH ROW EXECUTE FUNCTION leadroute_internal.config_changed(%L)', name, kind);
        EXECUTE format('ALTER TABLE leadroute.%I ENABLE REPLICA TRIGGER config_replicated', name);
    END LOOP;
END $$;

-- Whether performance counts is said by the pool, and read with its members.
CREATE TRIGGER roster_changed AFTER UPDATE ON leadroute.pools
    FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.config_changed('roster');
ALTER TABLE leadroute.pools ENABLE ALWAYS TRIGGER roster_changed;
CREATE TRIGGER roster_replicated AFTER UPDATE ON leadroute.pools
    FOR EACH ROW EXECUTE FUNCTION leadroute_internal.config_changed('roster');
ALTER TABLE leadroute.pools ENABLE REPLICA TRIGGER roster_replicated;
