"""SQLAlchemy with psycopg2, which prepares nothing on the server. Through PgBouncer let that keep the connections: NullPool."""
import os
from sqlalchemy import Column, FetchedValue, Text, BigInteger, cast, create_engine, exc, func, insert, select
from sqlalchemy.dialects.postgresql import JSONB, insert as upsert
from sqlalchemy.orm import Session, declarative_base
from sqlalchemy.pool import NullPool

source, way = os.environ["CLIENT"], os.environ["WAY"]


class Lead(declarative_base()):
    __tablename__ = "leads"
    # what routing sets comes back with the INSERT
    __table_args__, __mapper_args__ = {"schema": "leadroute"}, {"eager_defaults": True}
    id = Column(BigInteger, FetchedValue(), primary_key=True)
    external_id, email, source, company = Column(Text), Column(Text), Column(Text), Column(Text)
    status, owner_id = Column(Text, FetchedValue()), Column(Text, FetchedValue())
    decision_id = Column(BigInteger, FetchedValue())


def row(name):
    return {"email": f"{name}@orm-{way}.com", "source": source}


def sqlstate(work):
    try:
        with Session(engine) as session:
            work(session)
            session.commit()
    except exc.DBAPIError as error:
        return error.orig.pgcode


engine = create_engine("postgresql+psycopg2://", future=True, poolclass=NullPool if way == "pgbouncer" else None)
with Session(engine) as session:
    ada = Lead(**row("ada"))
    session.add(ada)
    session.flush()
    owners = [ada.owner_id]
    for name in ("bea", "cas"):
        owners.append(session.scalar(insert(Lead).values(row(name)).returning(Lead.owner_id)))
    assert len(set(owners)) == 3 and ada.status == "assigned", owners

    dan = session.scalar(select(func.leadroute.route_lead(cast(row("dan"), JSONB), type_=JSONB)))
    assert dan["owner_id"] == owners[0], dan
    session.commit()

    several = insert(Lead).values([row(f"values{n}") for n in range(6)]).returning(Lead.owner_id)
    assert sorted(session.scalars(several)) == sorted(owners * 2)
    session.execute(insert(Lead), [row(f"many{n}") for n in range(7)])
    session.bulk_insert_mappings(Lead, [row(f"bulk{n}") for n in range(7)])
    session.commit()

    session.add(Lead(**row("undone")))
    session.flush()
    session.rollback()

    keyed = Lead(external_id=source, source=source)
    session.add(keyed)
    session.commit()
    # an upsert that takes over every column leaves the lead with its owner
    before = (keyed.owner_id, keyed.status, keyed.decision_id)
    again = upsert(Lead).values(external_id=source, source=source, company="Acme")
    others = {column.name: again.excluded[column.name] for column in Lead.__table__.columns if column.name != "id"}
    session.execute(again.on_conflict_do_update(index_elements=["external_id"], set_=others))
    session.commit()
    session.refresh(keyed)
    assert (keyed.owner_id, keyed.status, keyed.decision_id) == before and keyed.company == "Acme"

assert sqlstate(lambda session: session.add(Lead(external_id=source, source=source))) == "23505"
assert sqlstate(lambda session: session.scalar(select(func.leadroute.route_lead(cast([], JSONB))))) == "22023"
