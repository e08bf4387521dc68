"""Several clients on the one server connection that PgBouncer has: what one leaves behind does not reach the next."""
import os
import signal
import subprocess
import sys
import psycopg

direct = psycopg.connect(host=os.environ["DIRECT"], port=5432, user="leadroute", autocommit=True)


def connect(**options):
    return psycopg.connect(**{"prepare_threshold": None, **options})


def insert(connection, name, rows=1):
    emails = [f"{name}{n}@bouncer.com" for n in range(rows)]
    sql = "INSERT INTO leadroute.leads (email) SELECT unnest(%s::text[]) RETURNING owner_id"
    return [row[0] for row in connection.execute(sql, [emails])]


def number(sql):
    return direct.execute(sql).fetchone()[0]


def settled():
    assert number("SELECT count(*) FROM leadroute.leads l LEFT JOIN leadroute.decisions d ON (d.id, d.lead_id) = (l.decision_id, l.id)"
                  " WHERE d.id IS NULL") == 0
    assert number("SELECT count(*) FROM leadroute.pool_fairness f WHERE received <>"
                  " (SELECT count(*) FROM leadroute.decisions d WHERE d.owner_id = f.rep_id AND d.pool IS NOT NULL)") == 0


def they_share_and_do_not_mix():
    one, two = connect(), connect()
    pids = []
    for turn in range(4):
        for name, client in (("one", one), ("two", two)):
            owners = insert(client, f"{name}-{turn}-", 2)
            pids.append(client.execute("SELECT pg_backend_pid()").fetchone()[0])
            # what the one leaves open is undone before the other comes
            if turn == 1:
                try:
                    client.execute("INSERT INTO leadroute.leads (email, employees)"
                                   " SELECT n || '@broken.com', 1 / (2 - n) FROM generate_series(1, 5) n")
                    assert False, "no error"
                except psycopg.errors.DivisionByZero:
                    client.rollback()
            elif turn == 2:
                client.execute("SET LOCAL search_path = nowhere")
                client.execute("SAVEPOINT s")
                insert(client, f"{name}-undone")
                client.rollback()
            else:
                client.commit()
                assert len(set(owners)) == 2
    assert len(set(pids)) == 1, pids
    assert number("SELECT count(*) FROM leadroute.leads WHERE email LIKE 'one-%' OR email LIKE 'two-%'") == 8
    settled()


def a_client_that_dies_leaves_nothing():
    before = number("SELECT sum(received) FROM leadroute.pool_fairness")
    child = subprocess.Popen([sys.executable, __file__, "die"], stdout=subprocess.PIPE)
    child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    child.wait()
    # waits for the connection, which PgBouncer closes and opens anew
    with connect() as client:
        owners = insert(client, "survivor", 3)
    assert len(set(owners)) == 3, owners
    assert number("SELECT count(*) FROM leadroute.leads WHERE email LIKE 'dying%'") == 0
    assert number("SELECT sum(received) FROM leadroute.pool_fairness") == before + 3
    settled()


def a_setting_of_the_session_reaches_others_and_misleads_nobody():
    with connect(autocommit=True) as one, connect(autocommit=True) as two:
        one.execute("SET search_path = nowhere")
        assert two.execute("SHOW search_path").fetchone()[0] == "nowhere"
        assert len(set(insert(two, "misled", 3))) == 3
        two.execute("RESET search_path")
    settled()


def prepared_statements_need_the_setting():
    """With PgBouncer 1.18; newer ones know prepared statements themselves."""
    one, two = connect(prepare_threshold=0, autocommit=True), connect(prepare_threshold=0, autocommit=True)
    insert(one, "prepared")
    try:
        insert(two, "prepared-too")
        assert False, "no error"
    except psycopg.errors.DuplicatePreparedStatement:
        pass
    direct.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'clients_app'")
    settled()


if sys.argv[1:] == ["die"]:
    insert(connect(), "dying", 5)
    print("in the middle", flush=True)
    signal.pause()
they_share_and_do_not_mix()
a_client_that_dies_leaves_nothing()
a_setting_of_the_session_reaches_others_and_misleads_nobody()
prepared_statements_need_the_setting()
