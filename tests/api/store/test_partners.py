"""Partners, the areas they cover, and their keys."""

from __future__ import annotations

import pytest

from api.store import ConstraintViolated, RowMissing, partners
from matcher.errors import InvalidRecord


def test_a_partner_comes_back_with_its_areas_in_order(conn, world) -> None:
    added = world.partner(conn, areas=["IN/WB", "IN/AS", "IN/WB"], email="unit@example.org")
    assert added.areas == ("IN/AS", "IN/WB")
    assert partners.get_partner(conn, added.id) == added
    assert partners.list_partners(conn) == [added]
    assert partners.get_partner(conn, "nobody") is None


def test_an_area_covers_every_path_below_it_and_no_other(conn, world) -> None:
    country = world.partner(conn, areas=["IN"])
    state = world.partner(conn, areas=["IN/WB", "BD"])
    district = world.partner(conn, areas=["IN/WB/south-24-parganas", "IN/WB"])
    world.partner(conn, areas=["IN/W", "IN/WB/south", "NP"])  # prefixes of the text, not of the path
    world.partner(conn, areas=["IN/WB"], active=False)

    def covering(area: str) -> list[str]:
        return [partner.id for partner in partners.partners_covering(conn, area)]

    assert covering("IN/WB/south-24-parganas") == [country.id, state.id, district.id]
    assert covering("IN/WB") == [country.id, state.id, district.id]
    assert covering("IN/AS") == [country.id]
    assert covering("MM") == []


def test_only_the_kinds_asked_for_cover(conn, world) -> None:
    world.partner(conn, areas=["IN"], kind="ngo")
    unit = world.partner(conn, areas=["IN"], kind="ahtu")
    assert partners.partners_covering(conn, "IN/WB", ["ahtu"]) == [unit]
    assert partners.partners_covering(conn, "IN/WB", []) == []


@pytest.mark.parametrize("area", ["", "/IN", "IN/", "IN//WB", "IN/ /x"])
def test_a_broken_path_is_refused(conn, world, area: str) -> None:
    with pytest.raises(InvalidRecord, match="area"):
        partners.partners_covering(conn, area)
    with pytest.raises(InvalidRecord, match="area"):
        world.partner(conn, areas=[area])


def test_contact_and_activity_can_change(conn, world) -> None:
    partner_id = world.partner(conn).id
    contact = {"email": "a@example.org", "webhook_url": "https://example.org/h", "webhook_secret": "whsec_x"}
    changed = partners.set_contact(conn, partner_id, **contact)
    assert (changed.email, changed.webhook_url, changed.webhook_secret) == tuple(contact.values())
    assert "whsec_x" not in repr(changed)
    assert not partners.set_active(conn, partner_id, False).active
    assert partners.list_partners(conn, active_only=True) == []
    with pytest.raises(RowMissing):
        partners.set_active(conn, "nobody", True)


def test_a_key_is_found_by_the_hash_of_its_secret(conn, world) -> None:
    partner = world.partner(conn)
    key = partners.add_key(
        conn,
        key_id="k1",
        partner_id=partner.id,
        secret_hash="h1",
        label="software",
        permissions=["cases:write", "matches:read"],
        at=world.now,
        expires_at=world.later(days=1),
    )
    assert key.permissions == ("cases:write", "matches:read")
    assert partners.find_key(conn, "h1") == (key, partner)
    assert partners.find_key(conn, "h2") is None
    assert key.usable(world.now)
    assert not key.usable(world.later(days=1))


def test_the_first_revocation_counts(conn, world) -> None:
    partner = world.partner(conn)
    values = {"partner_id": partner.id, "label": "", "permissions": [], "at": world.now}
    partners.add_key(conn, key_id="k1", secret_hash="h1", **values)
    partners.add_key(conn, key_id="k2", secret_hash="h2", **values)
    assert partners.revoke_key(conn, "k1", world.later(hours=1))
    assert partners.revoke_key(conn, "k1", world.later(hours=2))
    assert not partners.revoke_key(conn, "nothing", world.now)
    one, two = partners.list_keys(conn, partner.id)
    assert one.revoked_at == world.later(hours=1)
    assert not one.usable(world.later(hours=3))
    assert two.usable(world.later(hours=3))


def test_two_keys_cannot_share_a_secret(database, world) -> None:
    with pytest.raises(ConstraintViolated, match="secret_hash"), database.write() as conn:  # noqa: PT012
        partner_id = world.partner(conn).id
        for key_id in ("k1", "k2"):
            partners.add_key(
                conn, key_id=key_id, partner_id=partner_id, secret_hash="h", label="", permissions=[], at=world.now
            )


def test_a_profile_comes_back_as_it_was_and_can_be_replaced(conn, world) -> None:
    hours = {"mon": [["10:00", "13:00"], ["14:00", "17:30"]]}
    added = world.partner(conn, residency="IN", time_zone="Asia/Kolkata", office_hours=hours, channels=["email"])
    assert (added.residency, added.time_zone, added.office_hours) == ("IN", "Asia/Kolkata", hours)
    assert added.channels == ("email",)
    empty = world.partner(conn)
    assert (empty.residency, empty.time_zone, empty.office_hours, empty.channels) == (None, None, None, None)
    values = {"name": "Other", "office_hours": {}, "residency": None, "channels": None}
    changed = partners.change_partner(conn, added.id, values, ["NP", "BD", "NP"])
    assert (changed.name, changed.office_hours, changed.residency, changed.channels) == ("Other", {}, None, None)
    assert changed.areas == ("BD", "NP")
    assert partners.change_partner(conn, added.id, {}).areas == ("BD", "NP")
    assert partners.change_partner(conn, added.id, {}, []).areas == ()
    assert partners.get_partner(conn, empty.id) == empty, "the other one is as it was"
    with pytest.raises(RowMissing):
        partners.change_partner(conn, "nobody", {})
    with pytest.raises(InvalidRecord, match="area"):
        partners.change_partner(conn, added.id, {}, ["IN//WB"])


@pytest.mark.parametrize(
    ("channels", "expected", "left"),
    [
        (None, ["webhook", "email"], None),
        (["email", "webhook"], ["email", "webhook"], ("email",)),
        (["webhook"], ["webhook"], ("inbox",)),
        (["inbox"], [], ("inbox",)),
    ],
)
def test_a_webhook_that_is_gone_is_no_channel_any_more(conn, world, channels, expected, left) -> None:
    contacts = {"email": "a@example.org", "webhook_url": "https://example.org/h", "webhook_secret": "whsec_x"}
    partner = world.partner(conn, channels=channels, **contacts)
    assert partner.messages_go_by() == expected
    assert partners.disable_webhook(conn, partner.id, "https://example.org/h")
    after = partners.get_partner(conn, partner.id)
    assert after is not None
    assert after.channels == left
    assert after.messages_go_by() == [channel for channel in expected if channel != "webhook"]
