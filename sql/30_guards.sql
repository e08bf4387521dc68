-- What keeps the routing tables sound beyond constraints, and tells sessions of changes.

CREATE FUNCTION leadroute.config_changed() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_config_changed';
COMMENT ON FUNCTION leadroute.config_changed() IS 'Trigger: makes every session read the rules or the roster again, once the change commits.';

CREATE FUNCTION leadroute.replace_shipped() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    same_key text;
    taken boolean;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        NEW.shipped := false;
        RETURN NEW;
    END IF;
    IF NEW.shipped THEN
        RETURN NEW;
    END IF;
    SELECT string_agg(format('t.%1$I = ($1).%1$I', a.attname), ' AND ')
      INTO same_key
      FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
     WHERE i.indrelid = TG_RELID AND i.indisprimary;
    EXECUTE format('UPDATE %s t SET (%s) = (SELECT ($1).*) WHERE %s AND t.shipped RETURNING true',
                   TG_RELID::regclass,
                   (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
                     WHERE attrelid = TG_RELID AND attnum > 0 AND NOT attisdropped),
                   same_key)
       INTO taken USING NEW;
    RETURN CASE WHEN taken THEN NULL ELSE NEW END;
END $$;
COMMENT ON FUNCTION leadroute.replace_shipped() IS 'Trigger: a row with the key of an untouched default takes its place, so that a dump restores over the defaults; an edited default is a row of the user.';

CREATE FUNCTION leadroute.guard_catch_all() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP <> 'TRUNCATE' THEN
        IF OLD.kind <> 'catch_all' THEN
            RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
        END IF;
        IF TG_OP = 'UPDATE' AND NEW.kind = 'catch_all' AND NEW.name = OLD.name THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the catch-all queue cannot be removed or renamed'
        USING ERRCODE = 'restrict_violation',
              HINT = 'It is where leads go when nobody else can take them. Set its manager_id instead.';
END $$;
COMMENT ON FUNCTION leadroute.guard_catch_all() IS 'Trigger: keeps the catch-all queue.';

CREATE TRIGGER guard_catch_all BEFORE UPDATE OR DELETE ON leadroute.queues
    FOR EACH ROW EXECUTE FUNCTION leadroute.guard_catch_all();
CREATE TRIGGER guard_catch_all_truncate BEFORE TRUNCATE ON leadroute.queues
    FOR EACH STATEMENT EXECUTE FUNCTION leadroute.guard_catch_all();

CREATE FUNCTION leadroute.fill_rule_queue() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.queue IS NULL AND NEW.kind NOT IN ('personal', 'company') THEN
        NEW.queue := NEW.kind;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION leadroute.fill_rule_queue() IS 'Trigger: a domain rule without queue uses the queue named like its kind.';

CREATE TRIGGER fill_rule_queue BEFORE INSERT OR UPDATE ON leadroute.domain_rules
    FOR EACH ROW EXECUTE FUNCTION leadroute.fill_rule_queue();

CREATE FUNCTION leadroute.refuse_if_used() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    used boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM leadroute.leads WHERE %I = $1)', TG_ARGV[1])
       INTO used USING to_jsonb(OLD) ->> TG_ARGV[0];
    IF used THEN
        RAISE EXCEPTION '% "%" still has leads', TG_ARGV[2], to_jsonb(OLD) ->> TG_ARGV[0]
            USING ERRCODE = 'foreign_key_violation', HINT = TG_ARGV[3];
    END IF;
    RETURN OLD;
END $$;
COMMENT ON FUNCTION leadroute.refuse_if_used() IS 'Trigger: refuses to delete what leads still point to.';

CREATE FUNCTION leadroute.close_to_routing(kind text, name text) RETURNS bigint
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_close_to_routing';
COMMENT ON FUNCTION leadroute.close_to_routing(text, text) IS 'Keeps routing from giving leads to a rep or queue until the transaction ends, once no other transaction does any more, and returns how many it has. Internal.';

CREATE FUNCTION leadroute.wait_for_routing() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := to_jsonb(OLD) ->> TG_ARGV[0];
    leads bigint := leadroute.close_to_routing(TG_ARGV[2], name);
    seen bigint;
BEGIN
    -- An older snapshot would leave leads behind that came while it waited.
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        EXECUTE format('SELECT count(*) FROM leadroute.leads WHERE %I = $1', TG_ARGV[1]) INTO seen USING name;
        IF seen <> leads THEN
            RAISE EXCEPTION '% "%" was given leads by transactions that this one does not see', TG_ARGV[2], name
                USING ERRCODE = 'serialization_failure', HINT = 'Try again in a new transaction.';
        END IF;
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
COMMENT ON FUNCTION leadroute.wait_for_routing() IS 'Trigger: waits until no open transaction gives leads to what is deleted or renamed, at most lock_timeout or 10 s.';

-- Before refuse_if_used and the rename, which then see all leads.
CREATE TRIGGER close_delete BEFORE DELETE ON leadroute.reps FOR EACH ROW
    EXECUTE FUNCTION leadroute.wait_for_routing('id', 'owner_id', 'rep');
CREATE TRIGGER close_delete BEFORE DELETE ON leadroute.queues FOR EACH ROW WHEN (OLD.kind <> 'catch_all')
    EXECUTE FUNCTION leadroute.wait_for_routing('name', 'queue', 'queue');
CREATE TRIGGER close_rename BEFORE UPDATE ON leadroute.reps FOR EACH ROW WHEN (OLD.id <> NEW.id)
    EXECUTE FUNCTION leadroute.wait_for_routing('id', 'owner_id', 'rep');
CREATE TRIGGER close_rename BEFORE UPDATE ON leadroute.queues FOR EACH ROW WHEN (OLD.name <> NEW.name AND OLD.kind <> 'catch_all')
    EXECUTE FUNCTION leadroute.wait_for_routing('name', 'queue', 'queue');

CREATE TRIGGER refuse_if_used BEFORE DELETE ON leadroute.reps FOR EACH ROW
    EXECUTE FUNCTION leadroute.refuse_if_used('id', 'owner_id', 'rep', 'Set reps.active to false, or give the leads to somebody else first.');
CREATE TRIGGER refuse_if_used BEFORE DELETE ON leadroute.queues FOR EACH ROW
    EXECUTE FUNCTION leadroute.refuse_if_used('name', 'queue', 'queue', 'Move its leads to another queue first.');

CREATE FUNCTION leadroute.cascade_rename() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was text := to_jsonb(OLD) ->> TG_ARGV[0];
    becomes text := to_jsonb(NEW) ->> TG_ARGV[0];
    target text;
BEGIN
    IF was = becomes THEN
        RETURN NULL;
    END IF;
    FOREACH target IN ARRAY TG_ARGV[1:] LOOP
        EXECUTE CASE WHEN target LIKE '%[]' THEN
            format('UPDATE leadroute.%1$I SET %2$I = array_replace(%2$I::text[], $1, $2) WHERE $1 = ANY (%2$I)',
                   split_part(target, '.', 1), rtrim(split_part(target, '.', 2), '[]'))
        ELSE
            format('UPDATE leadroute.%1$I SET %2$I = $2 WHERE %2$I = $1',
                   split_part(target, '.', 1), split_part(target, '.', 2))
        END USING was, becomes;
    END LOOP;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute.cascade_rename() IS 'Trigger: carries a new key to what names it without a foreign key; decisions keep the name of then.';

CREATE TRIGGER cascade_rename AFTER UPDATE OF id ON leadroute.reps FOR EACH ROW
    EXECUTE FUNCTION leadroute.cascade_rename('id', 'leads.owner_id', 'notifications.rep_id', 'responses.rep_id', 'claims.rep_id');
CREATE TRIGGER cascade_rename AFTER UPDATE OF name ON leadroute.queues FOR EACH ROW
    EXECUTE FUNCTION leadroute.cascade_rename('name', 'leads.queue', 'notifications.queue', 'claims.queue');
CREATE TRIGGER cascade_rename AFTER UPDATE OF name ON leadroute.territories FOR EACH ROW
    EXECUTE FUNCTION leadroute.cascade_rename('name', 'leads.territory');
CREATE TRIGGER cascade_rename AFTER UPDATE OF name ON leadroute.pools FOR EACH ROW
    EXECUTE FUNCTION leadroute.cascade_rename('name', 'leads.pool');
CREATE TRIGGER cascade_rename AFTER UPDATE OF name ON leadroute.segments FOR EACH ROW
    EXECUTE FUNCTION leadroute.cascade_rename('name', 'leads.segment', 'sla_policies.segments[]', 'playbooks.segments[]');
CREATE TRIGGER cascade_rename AFTER UPDATE OF id ON leadroute.accounts FOR EACH ROW
    EXECUTE FUNCTION leadroute.cascade_rename('id', 'leads.account_id');
CREATE TRIGGER cascade_rename AFTER UPDATE OF name ON leadroute.playbooks FOR EACH ROW
    EXECUTE FUNCTION leadroute.cascade_rename('name', 'leads.playbook');
CREATE TRIGGER cascade_rename AFTER UPDATE OF name ON leadroute.sla_policies FOR EACH ROW
    EXECUTE FUNCTION leadroute.cascade_rename('name', 'sla_clocks.policy');
CREATE TRIGGER cascade_rename AFTER UPDATE OF name ON leadroute.event_types FOR EACH ROW
    EXECUTE FUNCTION leadroute.cascade_rename('name', 'leads.event', 'segments.events[]', 'sla_policies.events[]', 'playbooks.events[]');

-- A tier's name is unique in its segment only.
CREATE FUNCTION leadroute.cascade_tier_rename() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
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
COMMENT ON FUNCTION leadroute.cascade_tier_rename() IS 'Trigger: carries the new name of a tier to its leads, and to playbooks once no tier has the old one.';

CREATE TRIGGER cascade_rename AFTER UPDATE OF name ON leadroute.tiers FOR EACH ROW
    EXECUTE FUNCTION leadroute.cascade_tier_rename();

CREATE FUNCTION leadroute.another_seat() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- A rename of the rep or the pool comes here too, but then the old name is gone.
    IF NEW.rep_id <> OLD.rep_id AND EXISTS (SELECT FROM leadroute.reps WHERE id = OLD.rep_id)
       OR NEW.pool <> OLD.pool AND EXISTS (SELECT FROM leadroute.pools WHERE name = OLD.pool) THEN
        NEW.seat := nextval('leadroute.pool_members_seat_seq');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION leadroute.another_seat() IS 'Trigger: a member who is replaced or moved to another pool starts with a seat of their own.';

CREATE TRIGGER another_seat BEFORE UPDATE OF pool, rep_id ON leadroute.pool_members
    FOR EACH ROW EXECUTE FUNCTION leadroute.another_seat();

CREATE FUNCTION leadroute.close_book() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'pools' THEN
        DELETE FROM leadroute.turns WHERE pool_no = OLD.pool_no;
        DELETE FROM leadroute.returned_turns WHERE pool_no = OLD.pool_no;
    ELSE
        DELETE FROM leadroute.loads WHERE rep_no = OLD.rep_no;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute.close_book() IS 'Trigger: turns go with their pool, a load goes with its rep.';

CREATE TRIGGER close_book AFTER DELETE ON leadroute.pools FOR EACH ROW EXECUTE FUNCTION leadroute.close_book();
CREATE TRIGGER close_book AFTER DELETE ON leadroute.reps FOR EACH ROW EXECUTE FUNCTION leadroute.close_book();

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['segments', 'tiers', 'pools', 'queues', 'territories', 'event_types', 'sla_policies',
        'escalation_steps', 'recycle_rules', 'playbooks', 'industry_aliases', 'country_aliases'] LOOP
        EXECUTE format('CREATE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON leadroute.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION leadroute.config_changed(''rules'')', name);
        -- also when a subscription applies the change
        EXECUTE format('ALTER TABLE leadroute.%I ENABLE ALWAYS TRIGGER config_changed', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['reps', 'pool_members', 'absences', 'schedules', 'schedule_hours', 'holidays'] LOOP
        EXECUTE format('CREATE TRIGGER config_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON leadroute.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION leadroute.config_changed(''roster'')', name);
        -- also when a subscription applies the change
        EXECUTE format('ALTER TABLE leadroute.%I ENABLE ALWAYS TRIGGER config_changed', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['queues', 'event_types', 'sla_policies', 'escalation_steps', 'country_aliases'] LOOP
        EXECUTE format('CREATE TRIGGER replace_shipped BEFORE INSERT OR UPDATE ON leadroute.%I '
                       'FOR EACH ROW EXECUTE FUNCTION leadroute.replace_shipped()', name);
    END LOOP;
END $$;

-- Whether performance counts is said by the pool, and read with its members.
CREATE TRIGGER roster_changed AFTER UPDATE ON leadroute.pools
    FOR EACH STATEMENT EXECUTE FUNCTION leadroute.config_changed('roster');
ALTER TABLE leadroute.pools ENABLE ALWAYS TRIGGER roster_changed;
