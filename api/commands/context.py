"""What does a command of the service need? Settings, services, and the partner it acts for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from api.access import CASE_WORK, AccessScope
from api.bootstrap import Sandhan
from api.commands.console import fail, plain_errors
from api.settings import Settings
from api.store import partners
from api.store.partners import Partner


def load_settings() -> Settings:
    """Return the settings, or stop with the one that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        named = "; ".join(f"SANDHAN_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        fail(named)


@contextmanager
def services(settings: Settings | None = None) -> Iterator[Sandhan]:
    """Give the services of this process, closed at the end; errors become one line."""
    with plain_errors(), Sandhan.build(settings or load_settings()) as sandhan:
        yield sandhan


def act_as(sandhan: Sandhan, wanted: str | None) -> AccessScope:
    """Return the scope of a partner named by id or name; with no name, of the only partner that enters cases.

    The command line is the machine's operator acting for a partner; the audit log says so.
    """
    with sandhan.database.read() as conn:
        known = [partner for partner in partners.list_partners(conn, active_only=True) if partner.kind != "operator"]
    chosen = [partner for partner in known if wanted in (None, partner.id, partner.name)]
    if not known:
        fail("no partner is registered yet; run: sandhan partners add NAME --kind ahtu --country IN --area IN/WB")
    if wanted is not None and not chosen:
        fail(f"--partner: nobody has this id or name; known: {', '.join(p.name for p in known[:20])}")
    if wanted is not None and len(chosen) > 1:
        fail(f"--partner: {len(chosen)} partners are called that; give the id: {', '.join(p.id for p in chosen)}")
    if len(chosen) != 1:
        names = ", ".join(f"{partner.name} ({partner.id})" for partner in known[:20])
        fail(f"say for which partner with --partner; known: {names}")
    return scope_for(chosen[0])


def scope_for(partner: Partner) -> AccessScope:
    """Return the scope in which the command line acts for a partner."""
    return AccessScope(partner.id, f"command-line:{partner.id}", partner.kind, partner.areas, frozenset(CASE_WORK))
