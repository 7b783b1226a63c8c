"""What can go wrong between the application and its database, as one tree.

    SandhanError
    └── StoreError
        ├── DatabaseUnavailable    the database did not answer in time; the same call may succeed later
        ├── ConstraintViolated     the rows would contradict each other (names the constraint, never the values)
        ├── StatementRefused       the database refused a statement (names its error code)
        ├── UnsupportedDatabase    the address is not one that can be used
        ├── SchemaOutdated         the tables are not those of this version (says what to run)
        ├── NaiveTimestamp         a time without a time zone was about to be stored
        ├── RowMissing             the row to change is not there
        └── VersionConflict        the row was changed by somebody else in between

Database drivers quote the offending row in their messages, and that row is a child's. Nothing of a driver's
message leaves this package except names of constraints, columns and error codes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from matcher.errors import SandhanError


class StoreError(SandhanError):
    """Base of every error of the store."""

    code = "store_error"


class DatabaseUnavailable(StoreError):
    """The database did not answer in time; the same call may succeed later."""

    code = "database_unavailable"

    def __init__(self, reason: str) -> None:
        """Take what kept it from answering: an error code, never a driver's message."""
        super().__init__(f"the database did not answer ({reason})")
        self.reason = reason


class ConstraintViolated(StoreError):
    """The rows would contradict each other."""

    code = "constraint_violated"

    def __init__(self, constraint: str) -> None:
        """Take the name of the constraint or of its columns."""
        super().__init__(f"the database refused the rows ({constraint})")
        self.constraint = constraint


class StatementRefused(StoreError):
    """The database refused a statement."""

    code = "statement_refused"

    def __init__(self, reason: str) -> None:
        """Take the database's error code."""
        super().__init__(f"the database refused the statement ({reason})")
        self.reason = reason


class UnsupportedDatabase(StoreError):
    """The address of the database is not one that can be used."""

    code = "unsupported_database"

    def __init__(self, reason: str) -> None:
        """Take the rule that the address breaks; the address may hold a password."""
        super().__init__(f"database url: {reason}")
        self.reason = reason


class SchemaOutdated(StoreError):
    """The tables are not those of this version of the program."""

    code = "schema_outdated"

    def __init__(self, found: str | None, expected: str) -> None:
        """Take the version found (None: no tables at all) and the one needed."""
        super().__init__(f"the tables are at {found or 'no version'}, expected {expected}; run: sandhan db upgrade")
        self.found = found
        self.expected = expected


class NaiveTimestamp(StoreError):
    """A time without a time zone was about to be stored."""

    code = "naive_timestamp"

    def __init__(self) -> None:
        """Name the rule; the time itself is not repeated."""
        super().__init__("timestamp: has no time zone")


class RowMissing(StoreError):
    """The row to change is not there."""

    code = "row_missing"

    def __init__(self, table: str) -> None:
        """Take the name of the table."""
        super().__init__(f"{table}: there is no such row")
        self.table = table


class VersionConflict(StoreError):
    """The row was changed by somebody else in between."""

    code = "version_conflict"

    def __init__(self, table: str, expected: int, found: int) -> None:
        """Take the table and both version numbers."""
        super().__init__(f"{table}: expected version {expected}, found {found}")
        self.expected = expected
        self.found = found


@contextmanager
def translated() -> Iterator[None]:
    """Turn SQLAlchemy's errors into the tree above.

    `from None` is deliberate: the driver's own message quotes the row, and a chained traceback would print it.
    """
    try:
        yield
    except exc.IntegrityError as error:
        raise ConstraintViolated(_constraint_name(error)) from None
    except (exc.OperationalError, exc.InterfaceError) as error:
        reason = _reason(error)
        # SQLite reports "no such table" as operational; that is a wrong statement, not a busy database.
        raise (StatementRefused if reason == "SQLITE_ERROR" else DatabaseUnavailable)(reason) from None
    except exc.TimeoutError:
        raise DatabaseUnavailable("no free connection") from None
    except exc.StatementError as error:
        if isinstance(error.orig, SandhanError):
            raise error.orig from None
        raise StatementRefused(_reason(error)) from None


def _constraint_name(error: exc.IntegrityError) -> str:
    """Return the violated constraint, from the parts of the message that hold names only."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        named = diagnosis.constraint_name or diagnosis.column_name
        return str(named or getattr(error.orig, "sqlstate", None) or "constraint")
    # SQLite names columns or the constraint and never quotes values.
    return str(error.orig)


def _reason(error: exc.StatementError) -> str:
    """Return the driver's error code, or the type of the error where it has none."""
    for attribute in ("sqlite_errorname", "sqlstate"):
        code = getattr(error.orig, attribute, None)
        if code:
            return str(code)
    return type(error.orig).__name__
