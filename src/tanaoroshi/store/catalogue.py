"""The tables of a store, and how a database comes to have them.

The names carry a prefix, so that a store may live in a database with other things in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from tanaoroshi.errors import InputError, MissingExtra, StoreError
from tanaoroshi.store.trouble import is_read_only
from tanaoroshi.store.versions import CATALOGUE

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "tanaoroshi_version"
BUSY_SECONDS = 60
_UPGRADE_LOCK = 7_266_626_764  # PostgreSQL: a number that only our upgrades lock

metadata = sa.MetaData()

stocktakes = sa.Table(
    "tanaoroshi_stocktakes",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(16), nullable=False, unique=True),
    sa.Column("manifest", sa.String(64), nullable=False),
    sa.Column("recorded_at", sa.String(32), nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("model_version", sa.Text, nullable=False),
    sa.Column("collection", sa.Text, nullable=False),
    sa.Column("n", sa.BigInteger, nullable=False),
    sa.Column("attributes", sa.Integer, nullable=False),
    sa.Column("shelves", sa.Integer, nullable=False),
    sa.Column("seconds", sa.Float, nullable=True),
)

objects = sa.Table(
    "tanaoroshi_objects",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

baselines = sa.Table(
    "tanaoroshi_baselines",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(16), sa.ForeignKey("tanaoroshi_stocktakes.id"), nullable=False),
    sa.Column("accepted_at", sa.String(32), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)


def connect(url: sa.URL) -> sa.Engine:
    """Return the engine of a SQLite file or a PostgreSQL database; connects to nothing yet.

    Raises
    ------
    InputError
        For any other kind of database.
    MissingExtra
        When PostgreSQL's driver is not installed.
    """
    kind = url.get_backend_name()
    if kind == "sqlite" and url.database and url.database != ":memory:":
        # No pool: a closed store leaves no open file behind.
        engine = sa.create_engine(
            url, poolclass=sa.NullPool, connect_args={"timeout": BUSY_SECONDS}
        )
        event.listen(engine, "connect", _leave_transactions_to_us)
        event.listen(engine, "begin", _begin)
        return engine
    if kind == "postgresql":
        try:
            return sa.create_engine(url.set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
        except ImportError as error:
            raise MissingExtra(
                "A store in PostgreSQL needs the extra 'postgres': "
                "pip install 'tanaoroshi[postgres]'"
            ) from error
    raise InputError(
        "{where} is no store: give a folder, sqlite:///FILE or postgresql://USER@HOST/DATABASE.",
        where=url.render_as_string(hide_password=True),
    )


def _leave_transactions_to_us(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # Python's own handling would commit before each CREATE TABLE: a killed upgrade would leave
    # half of the tables.
    connection.isolation_level = None
    # A rollback journal, not WAL: a store on a read-only or network drive can be read.
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    # Who will write takes the lock at once: two who read first and then write would collide.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def writing(engine: sa.Engine) -> sa.Engine:
    """Return the engine for transactions that write."""
    return engine.execution_options(writes=True)


def revision(connection: sa.Connection) -> str | None:
    """Return the revision of the tables; ``None`` where there are none of ours."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    table = sa.table(VERSION_TABLE, sa.column("version_num"))
    found = connection.execute(sa.select(table.c.version_num)).scalar()
    return None if found is None else str(found)


def ensure_tables(engine: sa.Engine, where: str) -> None:
    """Bring the tables to the newest revision, in one transaction.

    Old tables that may not be written stay as they are: what is recorded in them can be read.

    Raises
    ------
    StoreError
        When a newer version of this program made them.
    """
    with engine.connect() as connection:
        found = revision(connection)
    if found == CATALOGUE:
        return
    # Revisions are zero-padded numbers, so they sort as they came.
    if found is not None and found > CATALOGUE:
        raise StoreError(
            "The store {where} was made by a newer version of tanaoroshi (tables {found}, this "
            "version knows {known}). Update tanaoroshi.",
            where=where,
            found=found,
            known=CATALOGUE,
        )
    try:
        _upgrade(engine)
    except SQLAlchemyError as error:
        if found is None or not is_read_only(error):
            raise


def _upgrade(engine: sa.Engine) -> None:
    from alembic import command  # a tenth of a second that only new and old stores need
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with writing(engine).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
