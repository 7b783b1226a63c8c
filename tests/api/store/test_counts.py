"""The status page's figures."""

from __future__ import annotations

import numpy as np

from api.store import alerts, cases, counts, faces, outbox, photos


def test_an_empty_database_counts_nothing(conn) -> None:
    figures = counts.counts(conn)
    assert len(figures) == 12
    assert set(figures.values()) == {0}


def test_every_figure_counts_its_own_rows(conn, world) -> None:
    alert = world.alert(conn, ("email", "webhook"))  # two cases, three partners, one match
    world.alert(conn, ("email",), match_id=alert.match_id, recipient_id=alert.recipient_id)
    alerts.acknowledge(conn, alert.id, "officer", world.now)
    outbox.record_failure(conn, f"{alert.id}-email", world.now, "refused", 550, "", None)
    world.partner(conn, active=False)
    missing = world.case(conn, "missing")
    cases.mark_matched(conn, missing.id, 1)
    cases.set_status(conn, world.case(conn, "rescued").id, "closed", world.now)
    for number, state in enumerate(["embedded", "failed", "pending"]):
        added = photos.add_photo(
            conn,
            photo_id=state,
            case_id=missing.id,
            position=number,
            sha256=state,
            media_type="image/png",
            content=b"x",
            at=world.now,
        )
        if state != "pending":
            face = faces.NewFace("f", "m", np.ones(2, np.float32), {}, "good", 1.0)
            found = [face] if state == "embedded" else []
            photos.store_result(conn, added.id, state, at=world.now, faces=found)
    cases.mark_matched(conn, missing.id, 1)
    assert counts.counts(conn) == {
        "partners": 5,
        "cases_missing_open": 2,
        "cases_rescued_open": 1,
        "cases_closed": 1,
        "cases_unmatched": 2,
        "photos_pending": 1,
        "photos_failed": 1,
        "faces": 1,
        "matches": 1,
        "alerts_unacknowledged": 1,
        "outbox_pending": 2,
        "outbox_dead_letters": 1,
    }
