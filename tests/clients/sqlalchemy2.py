"""SQLAlchemy 2 on an attached table, with a version column: whoever has read a row before routing changed it notices."""
import os
import uuid
from sqlalchemy import FetchedValue, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.pool import NullPool

source, way = os.environ["CLIENT"], os.environ["WAY"]


class Base(DeclarativeBase):
    pass


class Lead(Base):
    __tablename__ = "crm_lead"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    email: Mapped[str]
    source: Mapped[str]
    company: Mapped[str | None]
    # what routing writes comes back with the INSERT
    owner_id: Mapped[int | None] = mapped_column(server_default=FetchedValue())
    queue: Mapped[str | None] = mapped_column(server_default=FetchedValue())
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"eager_defaults": True, "version_id_col": version}


engine = create_engine("postgresql+psycopg://", poolclass=NullPool, connect_args={"prepare_threshold": None})
with Session(engine, expire_on_commit=False) as session:
    leads = [Lead(email=f"a{n}@sqlalchemy-{way}.com", source=source) for n in range(6)]
    session.add_all(leads)
    session.commit()
    assert all(lead.owner_id for lead in leads)

    # read, then routing gives it to somebody else, then saved: the version says so
    stale = leads[0]
    owner = stale.owner_id
    with Session(engine) as other:
        other.scalar(select(func.crm_transfer("crm_lead", str(stale.id), "ann" if owner != 1 else "bob")))
        other.commit()
    stale.company = "Acme"
    try:
        session.commit()
        raise AssertionError("nobody noticed that the lead has another owner")
    except StaleDataError:
        session.rollback()
    session.refresh(stale)
    assert stale.owner_id != owner
    # tried again it goes through, and is no choice of an owner
    known = session.scalar(select(func.crm_decisions("crm_lead", str(stale.id))))
    stale.queue = None
    stale.email = stale.email.upper()
    session.commit()
    assert session.scalar(select(func.crm_decisions("crm_lead", str(stale.id)))) == known
