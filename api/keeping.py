"""How are the keys exchanged? The master key for another, and each partner's for another, while the service runs.

A process that serves meanwhile finds the new master key by itself where it can be read again (the file, the command);
where it stands in the environment, restart it with both keys first.
"""

from __future__ import annotations

import os

from api.ids import Clock
from api.store import Database, audit, keys, partners
from api.store.keys import Rotated
from api.store.master_keys import LENGTH, FileKeys, KeySource, MasterKeys
from api.store.sealed_columns import PARTNER_SEALED


def rotate_master_key(database: Database, source: KeySource, clock: Clock) -> Rotated:
    """Wrap every key by a new master key.

    Where the keys are in a file, a new one is put before the old one, and the old one goes when all is done: killed at
    any moment, the file holds every key that something is wrapped by.

    Raises:
        KeysUnusable: a master key is missing.
    """
    if isinstance(source, FileKeys):
        source.replace(MasterKeys((os.urandom(LENGTH), *source.load().keys)))
    with database.write() as conn:
        done = keys.rotate_master(conn)
        audit.append(
            conn, at=clock(), actor="command-line", action="keys.rotated", subject="master",
            detail={"partners": done.partner_keys, "service": done.service_keys},
        )  # fmt: skip
    if isinstance(source, FileKeys):
        source.replace(MasterKeys(source.load().keys[:1]))
    database.ring.forget()
    return done


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
