"""Does the guide say of each role what the code lets it do, and of every limit what it is?"""

from __future__ import annotations

from pathlib import Path

import pytest

from api.access import PERMISSIONS, Role
from api.partners.keys import LONGEST_GRACE_DAYS
from api.people.enrolment import VALID_FOR
from api.people.lockout import ACCOUNT, ADDRESS, PAIR
from api.people.passwords import MAX_LENGTH, MIN_LENGTH
from api.people.roles import roles_table
from api.people.sessions import IDLE, LONGEST
from api.people.totp import RECOVERY_CODES
from api.store.devices import KNOWN_FOR

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "people.md"
TEXT = GUIDE.read_text(encoding="utf-8")


def test_the_table_of_roles_is_that_of_the_code() -> None:
    between = TEXT.split("kept equal by a test -->\n")[1].split("<!-- end of roles -->")[0]
    assert between == roles_table()


def test_the_table_has_every_role_and_permission() -> None:
    rows = roles_table().splitlines()[2:]
    assert len(rows) == len(Role)
    for role, row in zip(Role, rows, strict=True):
        assert row.startswith(f"| `{role}` | ")
        assert row.count("`") == 2 * (1 + len(PERMISSIONS[role]))


@pytest.mark.parametrize(
    "said",
    [
        f"{MIN_LENGTH} to {MAX_LENGTH} characters",
        f"after {IDLE.seconds // 60} minutes without a request",
        f"after {LONGEST.seconds // 3600} hours in any case",
        "good once and for two days" if VALID_FOR.days == 2 else "?",
        "Five within 15 minutes from one client lock the account for it for 15 minutes, the next five for 30, doubling "
        "up to a day"
        if (PAIR.failures, PAIR.window, PAIR.longest.days) == (5, PAIR.first, 1)
        else "?",
        "Twenty within an hour" if (ACCOUNT.failures, ACCOUNT.window.seconds) == (20, 3600) else "?",
        f"for {KNOWN_FOR.days} days",
        "Thirty from one client address within 15 minutes" if ADDRESS.failures == 30 else "?",
        "The ten recovery codes" if RECOVERY_CODES == 10 else "?",
        f"(1, at most {LONGEST_GRACE_DAYS})",
    ],
)
def test_the_limits_are_those_of_the_code(said: str) -> None:
    assert said in " ".join(TEXT.split())
