"""Django on tables of its own that are attached: forms, whole-row saves, many-to-many links, users who leave.

`django_crm.py setup` makes the tables as Django does; without it, the app works with them."""
import os
import sys
import uuid
import django
from django.conf import settings
from django.db import connection, models, transaction

source, way = os.environ.get("CLIENT", ""), os.environ.get("WAY", "")
database = {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"], "USER": os.environ["PGUSER"],
            "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"], "DISABLE_SERVER_SIDE_CURSORS": True}
settings.configure(DATABASES={"default": database}, INSTALLED_APPS=["__main__"], USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")
django.setup()


class Person(models.Model):
    login = models.TextField(unique=True)

    class Meta:
        app_label, db_table = "__main__", "crm_person"


class Lead(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.TextField()
    source = models.TextField()
    company = models.TextField(blank=True, null=True)
    # with db_default Django leaves the column to PostgreSQL, and reads it back with the INSERT
    owner = models.ForeignKey(Person, models.SET_NULL, null=True, db_default=None, related_name="+")
    queue = models.TextField(null=True)
    version = models.IntegerField(default=0)

    class Meta:
        app_label, db_table = "__main__", "crm_lead"


class Deal(models.Model):
    email = models.TextField()
    source = models.TextField()
    assigned_to = models.ManyToManyField(Person)

    class Meta:
        app_label, db_table = "__main__", "crm_deal"


def one(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()[0]


def decisions(row):
    """How many decisions there are about a row, as the owner of the extension counts them."""
    return one("SELECT crm_decisions(%s, %s)", row._meta.db_table, str(row.pk))


def setup():
    with connection.cursor() as cursor:
        cursor.execute("SET search_path = public")
    with connection.schema_editor() as editor:
        for model in (Person, Lead, Deal):
            editor.create_model(model)
    for login in ("ann", "bob", "cyd"):
        Person.objects.create(login=login)
    expression = "(SELECT p.id FROM public.crm_person p WHERE p.login = rep.id)"
    with connection.cursor() as cursor:
        cursor.execute("SELECT leadroute.attach('crm_lead', jsonb_build_object('email', 'email', 'source', 'source', 'company', 'company',"
                       " 'queue', 'queue', 'owner_id', jsonb_build_object('column', 'owner_id', 'expression', %s),"
                       " 'touch', '{\"version\": \"+1\"}'::jsonb))", [expression])
        cursor.execute("SELECT leadroute.attach('crm_deal', jsonb_build_object('email', 'email', 'source', 'source', 'keep', true,"
                       " 'owner_id', jsonb_build_object('table', 'public.crm_deal_assigned_to', 'row', 'deal_id', 'column', 'person_id',"
                       " 'expression', %s)))", [expression])


def work():
    people = list(Person.objects.filter(login__in=("ann", "bob", "cyd")))
    mail = lambda name: f"{name}@django-{way}.com"
    # the owner comes back with the INSERT
    first = Lead.objects.create(email=mail("first"), source=source)
    assert first.owner in people, first.owner
    # an object that was built before it was routed is saved again as a whole: nobody has chosen its owner
    with transaction.atomic():
        second = Lead(email=mail("second"), source=source, owner=None)
        second.save(force_insert=True)
        second.owner, second.queue = None, None
        second.save()
    second.refresh_from_db()
    assert second.owner in people and decisions(second) == 1, (second.owner, decisions(second))
    # a person's choice is one, and is not overwritten
    second.owner = next(person for person in people if person != second.owner)
    second.save()
    assert decisions(second) == 2
    # several at once
    Lead.objects.bulk_create(Lead(email=mail(f"bulk{n}"), source=source) for n in range(5))
    assert not Lead.objects.filter(source=source, owner=None).exists()

    # a form with many-to-many people: the row first, then its links
    with transaction.atomic():
        deal = Deal.objects.create(email=mail("deal"), source=source)
        deal.assigned_to.set([people[2]])
    given = decisions(deal)
    assert list(deal.assigned_to.all()) == [people[2]] and given <= 2, given
    # clear() and add(), in one transaction or two, leave it where it is
    with transaction.atomic():
        deal.assigned_to.clear()
        deal.assigned_to.add(people[2])
    deal.assigned_to.clear()
    deal.assigned_to.add(people[2])
    assert decisions(deal) == given, decisions(deal)
    deal.assigned_to.set([people[0]])
    assert decisions(deal) == given + 1, decisions(deal)

    # a user is deleted in the CRM; the deferred key refuses no lead at COMMIT
    gone = Person.objects.get(login="cyd")
    with transaction.atomic():
        Lead.objects.filter(owner=gone).update(owner=people[0])
        Deal.assigned_to.through.objects.filter(person=gone).delete()
        gone.delete()
        leads = [Lead.objects.create(email=mail(f"later{n}"), source=source) for n in range(6)]
    assert {lead.owner.login for lead in leads} == {"ann", "bob"}
    Person.objects.create(login="cyd")


setup() if sys.argv[1:] == ["setup"] else work()
