"""A table that a migration builds anew keeps its rows, and every reference to them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from alembic import command
from sqlalchemy import text

from api.store import Database, DatabaseUnavailable, alerts, engine, outbox, upgrade

Open = Callable[[str], Database]
AT = "2026-11-01T09:00:00.000000+00:00"


def test_alerts_of_before_are_alerts_still(empty_url: str, opened: Open) -> None:
    database = opened(empty_url)
    with database.rebuild() as conn:
        config = engine._config()
        config.attributes["connection"] = conn
        command.upgrade(config, "0008")
    with database.write() as conn:
        for statement in (
            "INSERT INTO partners (id, name, kind, country, language, active, created_at)"
            " VALUES ('p', 'P', 'ngo', 'IN', 'en', true, :at)",
            "INSERT INTO cases (id, side, owner_id, status, version, protect_location, face_consent, created_at,"
            " created_by, updated_at) VALUES ('m', 'missing', 'p', 'open', 1, false, false, :at, 'p', :at),"
            " ('r', 'rescued', 'p', 'open', 1, false, false, :at, 'p', :at)",
            "INSERT INTO matches (id, missing_id, rescued_id, state, grade, weight, weight_without_face, probability,"
            " contributions, routes, model_version, evidence_hash, missing_version, rescued_version, created_at,"
            " updated_at) VALUES ('ma', 'm', 'r', 'suggested', 'probable', 1, 1, 0.5, '[]', '[]', '1', '0', 1, 1,"
            " :at, :at)",
            "INSERT INTO alerts (id, match_id, recipient_id, event, dedupe_key, grade, priority, state, due_at,"
            " created_at, updated_at) VALUES ('al', 'ma', 'p', 'new', 'k', 'probable', 'critical', 'delivered', :at,"
            " :at, :at)",
            "INSERT INTO outbox (id, alert_id, recipient_id, channel, state, next_attempt_at, payload, created_at)"
            " VALUES ('ob', 'al', 'p', 'email', 'delivered', :at, '{}', :at)",
        ):
            conn.execute(text(statement), {"at": AT})
    upgrade(empty_url)
    with database.read() as conn:
        found = alerts.get_alert(conn, "al")
        assert found is not None
        assert (found.kind, found.match_id, found.state, found.steps) == ("match", "ma", "delivered", 0)
        assert [message.id for message in outbox.messages_of(conn, "al")] == ["ob"]


def test_a_rebuilding_that_would_lose_what_is_referred_to_changes_nothing(database: Database, world) -> None:
    with database.write() as conn:
        alert = world.alert(conn)
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL refuses the statement itself")
    with pytest.raises(DatabaseUnavailable), database.rebuild() as conn:
        conn.execute(text("DELETE FROM matches"))
    with database.write() as conn:
        assert alerts.get_alert(conn, alert.id) == alert
        assert conn.scalar(text("PRAGMA foreign_keys")) == 1
