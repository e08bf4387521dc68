-- Tables as Django makes them: foreign keys are deferred, and owners may be in a table of links.
CREATE SCHEMA django;
CREATE TABLE django.account (id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, email text);
INSERT INTO django.account (email) SELECT unnest('{ann,bob,cyd,dan,eve,fay,gus,hal,ida,joe,kim,lea,max}'::text[]);
CREATE TABLE django.lead (id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, email text,
    assigned_to_id integer REFERENCES django.account DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE django.deal (id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, email text);
CREATE TABLE django.deal_assigned_to (id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    deal_id integer NOT NULL REFERENCES django.deal DEFERRABLE INITIALLY DEFERRED,
    account_id integer NOT NULL REFERENCES django.account DEFERRABLE INITIALLY DEFERRED, UNIQUE (deal_id, account_id));
SELECT leadroute.attach('django.lead', '{"email": "email", "owner_id": {"column": "assigned_to_id",
    "expression": "(SELECT a.id FROM django.account a WHERE a.email = rep.id)"}}');
SELECT leadroute.attach('django.deal', '{"email": "email", "owner_id": {"table": "django.deal_assigned_to",
    "row": "deal_id", "column": "account_id", "expression": "(SELECT a.id FROM django.account a WHERE a.email = rep.id)"}}');
INSERT INTO django.lead (email) VALUES ('a@lead.com'), ('b@lead.com');
INSERT INTO django.deal (email) VALUES ('a@deal.com'), ('b@deal.com');
