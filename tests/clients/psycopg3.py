"""Python's psycopg 3. Through PgBouncer: prepare_threshold=None, or it prepares statements on its own."""
import os
import psycopg
from psycopg.types.json import Jsonb

source, way = os.environ["CLIENT"], os.environ["WAY"]
INSERT = "INSERT INTO leadroute.leads (email, source) VALUES (%s, %s) RETURNING owner_id"
KEYED = "INSERT INTO leadroute.leads (external_id, source) VALUES (%s, %s)"
options = {} if way == "direct" else {"prepare_threshold": None}


def lead(name):
    return f"{name}@psycopg-{way}.com", source


def sqlstate(sql, parameters):
    try:
        connection.execute(sql, parameters)
    except psycopg.Error as error:
        return error.sqlstate


with psycopg.connect(autocommit=True, **options) as connection:
    owners = [connection.execute(INSERT, lead(name)).fetchone()[0] for name in ("ada", "bea", "cas")]
    assert len(set(owners)) == 3, owners

    dan = {"email": lead("dan")[0], "source": source}
    answer = connection.execute("SELECT leadroute.route_lead(%s)", [Jsonb(dan)]).fetchone()[0]
    assert answer["owner_id"] == owners[0], answer

    cursor = connection.cursor()
    cursor.executemany(INSERT, [lead(f"many{n}") for n in range(8)], returning=True)
    had = [cursor.fetchone()[0]]
    while cursor.nextset():
        had.append(cursor.fetchone()[0])
    assert had == (owners * 3)[1:9], had

    with cursor.copy("COPY leadroute.leads (email, source) FROM STDIN") as copy:
        for n in range(8):
            copy.write_row(lead(f"copy{n}"))

    # libpq's pipeline mode: four statements in flight, one transaction
    with connection.pipeline():
        cursors = [connection.execute(INSERT, lead(f"pipe{n}")) for n in range(4)]
        assert len({cursor.fetchone()[0] for cursor in cursors}) == 3

    with connection.transaction() as transaction:
        connection.execute(INSERT, lead("undone"))
        raise psycopg.Rollback(transaction)

    connection.execute(KEYED, (source, source))
    assert sqlstate(KEYED, (source, source)) == "23505"
    assert sqlstate("SELECT leadroute.route_lead(%s)", [Jsonb([])]) == "22023"
