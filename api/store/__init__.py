"""store: ALL SQL of the project. One module per aggregate, plain functions over a connection.

`Connection` is offered here so that services can name what they pass on without importing SQLAlchemy.
"""

from sqlalchemy import Connection

from api.store import (  # noqa: F401 - they register their tables
    care_tables,
    duty_tables,
    inbox_tables,
    match_tables,
    pair_tables,
    people_tables,
    sharing_tables,
)
from api.store.engine import Database, current_revision, is_current, require_current, upgrade
from api.store.errors import (
    ConstraintViolated,
    DatabaseUnavailable,
    NaiveTimestamp,
    RowMissing,
    SchemaOutdated,
    StatementRefused,
    StoreError,
    UnsupportedDatabase,
    VersionConflict,
)

__all__ = [
    "Connection",
    "ConstraintViolated",
    "Database",
    "DatabaseUnavailable",
    "NaiveTimestamp",
    "RowMissing",
    "SchemaOutdated",
    "StatementRefused",
    "StoreError",
    "UnsupportedDatabase",
    "VersionConflict",
    "care_tables",
    "current_revision",
    "duty_tables",
    "is_current",
    "require_current",
    "upgrade",
]
