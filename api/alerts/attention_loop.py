"""Who sees to it that no alert is forgotten? Everything due is stepped, and every digest raised whose time has come.

Any number of processes may do so at once: a step belongs to whoever holds its row, and a digest exists once for each
partner and day. A pass that comes late takes the steps that are due by then.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from api.alerts.attention_steps import take_step
from api.alerts.digests import due_daily, tell_daily
from api.faults import origin
from api.ids import Clock, RandomBytes
from api.store import Database, partners
from api.store import attention as store

log = logging.getLogger(__name__)

BATCH: Final = 50
"""Alerts of one transaction."""


class AttentionLoop:
    """Steps what is due; called now and then by the service, or by `sandhan alerts attend`."""

    def __init__(self, database: Database, clock: Clock, random_bytes: RandomBytes) -> None:
        self._database, self._clock, self._random = database, clock, random_bytes

    def run_due(self) -> Mapping[str, int]:
        """Take every step that is due now; return how many of each kind, digests among them.

        An alert that cannot be stepped is logged, left for the next pass, and holds up no other.
        """
        now = self._clock()
        with self._database.read() as conn:  # most passes find nothing, and hold up no writer
            waiting = [partners.get_partner(conn, partner_id) for partner_id in store.awaiting_digest(conn)]
            digests = [to.id for to in waiting if to is not None and to.active and due_daily(conn, to, now)]
            soonest = store.next_due(conn)
        done = self._digests(digests, now)
        if soonest is not None and soonest <= now:
            done += self._steps(now)
        return dict(done)

    def _steps(self, now: datetime) -> Counter[str]:
        done: Counter[str] = Counter()
        failed: set[str] = set()
        batch = BATCH
        while True:
            made: Counter[str] = Counter()
            at_hand = None
            try:
                with self._database.write() as conn:
                    due = store.claim_due(conn, now, batch, failed)
                    for alert in due:
                        at_hand = alert.id
                        step = take_step(conn, alert, now, self._random)
                        made.update([str(step)] if step else [])
            except Exception as error:
                # Whatever is wrong with one alert, the others have deadlines too.
                if at_hand is None:
                    raise
                if batch == 1:
                    log.error("alert %s was not attended to (%s)", at_hand, origin(error))
                    failed.add(at_hand)
                batch = 1  # its batch was undone; one by one only the broken one is
                continue
            done += made
            if len(due) < batch:
                return done

    def _digests(self, due: Sequence[str], now: datetime) -> Counter[str]:
        done: Counter[str] = Counter()
        for partner_id in due:
            try:
                with self._database.write() as conn:
                    partner = partners.get_partner(conn, partner_id)
                    if partner is not None and partner.active:
                        done["digest"] += tell_daily(conn, partner, now, self._random) is not None
            except Exception as error:  # noqa: BLE001  one partner's digest must not keep the others' back
                log.error("digest of partner %s was not made (%s)", partner_id, origin(error))
        return +done
