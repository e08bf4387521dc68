-- Why turns go back and leads are moved.

CREATE TABLE leadroute.reason_codes (
    code text PRIMARY KEY CHECK (leadroute_internal.must(code ~ '^[a-z0-9]+(_[a-z0-9]+)*$', 'reason_codes.code', code, 'lower case letters and digits, words joined by _')),
    description text NOT NULL,
    kind text NOT NULL DEFAULT 'misroute' CHECK (leadroute_internal.must(kind IN ('misroute', 'unclear', 'lead'), 'reason_codes.kind', kind, 'one of: misroute, unclear, lead')),
    needs_text boolean NOT NULL DEFAULT false,
    shipped boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE leadroute.reason_codes IS 'Reasons for return_turn() and transfer_lead(); add your own. Routing does not read them, misrouted_leads does.';
COMMENT ON COLUMN leadroute.reason_codes.code IS 'Key. In a free text that begins with it, spaces may stand for _.';
COMMENT ON COLUMN leadroute.reason_codes.description IS 'What it means, for people.';
COMMENT ON COLUMN leadroute.reason_codes.kind IS 'misroute: the rules sent the lead to the wrong rep. lead: it is about the lead, which was sent rightly. unclear: either; a returned turn counts as misrouted, a move only soon after routing.';
COMMENT ON COLUMN leadroute.reason_codes.needs_text IS 'Whether the code alone says too little.';
COMMENT ON COLUMN leadroute.reason_codes.shipped IS 'A default of the extension that nobody has edited.';

CREATE FUNCTION leadroute_internal.reason_code(code text, reason text) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given text := nullif(btrim(reason), '');
    words text := trim('_' FROM regexp_replace(lower(given), '[^a-z0-9]+', '_', 'g'));
    known leadroute.reason_codes;
BEGIN
    IF code IS NULL THEN
        -- the longest code by which the text begins
        SELECT * INTO known FROM leadroute.reason_codes c
         WHERE words = c.code OR left(words, length(c.code) + 1) = c.code || '_' ORDER BY length(c.code) DESC LIMIT 1;
        IF NOT FOUND THEN
            RETURN (SELECT c.code FROM leadroute.reason_codes c WHERE given IS NOT NULL AND c.code = 'other');
        END IF;
        given := nullif(words, known.code);
    ELSE
        SELECT * INTO known FROM leadroute.reason_codes c
         WHERE c.code = trim('_' FROM regexp_replace(lower(reason_code.code), '[^a-z0-9]+', '_', 'g'));
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no reason code "%"', code
                USING ERRCODE = 'undefined_object',
                      HINT = format('Codes are %s; add yours to leadroute.reason_codes.', (SELECT string_agg(c.code, ', ' ORDER BY c.code) FROM leadroute.reason_codes c));
        END IF;
    END IF;
    IF known.needs_text AND given IS NULL THEN
        RAISE EXCEPTION 'reason code "%" needs a text', known.code
            USING ERRCODE = 'invalid_parameter_value', HINT = format('Say why, such as "%s: is on parental leave".', known.code);
    END IF;
    RETURN known.code;
END $$;
COMMENT ON FUNCTION leadroute_internal.reason_code(text, text) IS 'The code of a reason: the one given, which must exist, or the one by which the text begins, else other; NULL where nothing is said. Internal.';
