"""How are the keys exchanged? The master key for another, and each partner's for another, while the service runs.

A process that serves meanwhile finds the new master key by itself where it can be read again (the file, the command);
where it stands in the environment, restart it with both keys first.
"""

from __future__ import annotations

import os

from api.ids import Clock
from api.store import Database, audit, keys, partners
from api.store.keys import Rotated
from api.store.master_keys import LENGTH, FileKeys, KeySource, MasterKeys, key_id
from api.store.sealed_columns import PARTNER_SEALED


def rotate_master_key(database: Database, source: KeySource, clock: Clock) -> Rotated:
    """Wrap every key by a new master key.

    Where the keys are in a file that may be written, a new one is put before the old one, and the old one goes when
    all is done: killed at any moment, the file holds every key that something is wrapped by. Elsewhere, whoever gives
    the keys puts the new one first.

    Raises:
        KeysUnusable: a master key is missing.
    """
    file = source if isinstance(source, FileKeys) and source.path.exists() and source.is_writable else None
    if file is not None:
        _put_new_first(database, file)
    with database.write() as conn:
        done = keys.rotate_master(conn)
        if done.partner_keys or done.service_keys:
            audit.append(
                conn, at=clock(), actor="command-line", action="keys.rotated", subject="master",
                detail={"partners": done.partner_keys, "service": done.service_keys},
            )  # fmt: skip
    if file is not None:
        _drop_unused(database, file)
    database.ring.forget()
    return done


def _put_new_first(database: Database, file: FileKeys) -> None:
    """Put a new key before the others, unless an interrupted rotation has left one there.

    Inside a writing transaction: of two that rotate at once, neither writes over the key that the other has made.
    """
    with database.write() as conn:
        known = file.load()
        if keys.masters_in_use(conn) <= {known.current}:
            file.replace(MasterKeys((os.urandom(LENGTH), *known.keys)))


def _drop_unused(database: Database, file: FileKeys) -> None:
    """Leave in a file the key in use, and whichever others something is still wrapped by."""
    with database.write() as conn:
        known, in_use = file.load(), keys.masters_in_use(conn)
        file.replace(MasterKeys(tuple(key for key in known.keys if key == known.keys[0] or key_id(key) in in_use)))


def rotate_partner_keys(database: Database, clock: Clock) -> int:
    """Give every partner another key, each in a transaction of its own; return how many records' keys were wrapped.

    The index gets another key, too: the next start builds it anew.
    """
    with database.read() as conn:
        found = partners.list_partners(conn)
    records = 0
    for partner in found:
        with database.write() as conn:
            records += keys.rotate_partner(conn, partner.id, clock(), PARTNER_SEALED).record_keys
            audit.append(conn, at=clock(), actor="command-line", action="keys.rotated", subject=partner.id)
    with database.write() as conn:
        keys.replace_service_key(conn, keys.INDEX)
        audit.append(conn, at=clock(), actor="command-line", action="keys.rotated", subject="index")
    database.ring.forget()
    return records
