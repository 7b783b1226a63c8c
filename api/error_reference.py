"""Which problems can the API answer with, what do they mean, and what should a client do? Written to a page.

    python -m api.error_reference          writes docs/reference/errors.md anew

A test fails when the page is not what this writes, and when a code has no word of what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from api.errors import known_problems
from matcher.photos import errors as photo_errors
from matcher.photos.errors import UnusablePhoto

PAGE: Final = Path(__file__).parents[1] / "docs" / "reference" / "errors.md"
REMEDIES: Final[dict[str, str]] = {
    "unauthenticated": "Send a valid key; unknown, revoked and expired keys look the same. Do not try again unchanged.",
    "sign_in_failed": "Check address, password and code; which of them is wrong is not told. A code is good once.",
    "enrolment_refused": "The link was used, or is older than two days. Ask your administrator for another.",
    "csrf_refused": "Send the `csrf_token` of the session as `X-CSRF-Token` with everything but GET and HEAD.",
    "not_permitted": "`detail` names the permission. Ask your administrator for a key that has it.",
    "publication_forbidden": "Do not publish it; `detail` names the law. Take down what was published elsewhere.",
    "person_needed": "Have a person with the role `publisher` sign in and record it.",
    "not_found": "Check the id. What is not shared with you looks the same as what does not exist.",
    "duplicate_case": "`case_id` names your case of this `external_id`. Send a PUT to it, or another `external_id`.",
    "version_conflict": "Read it again and decide anew.",
    "suppressed": "Do not send it again: the person wished it gone. What was erased in error may be entered again.",
    "consent_missing": "Record what was agreed to (`POST /v1/cases/{id}/consents`), then try again.",
    "decided_already": "Read the request again; its `state` says what was decided.",
    "decision_not_open": "Read `GET /v1/matches/{id}/events`; `actions` says what you can do with the match now.",
    "decision_needs": "`errors` names each thing that is missing; [matches](matches.md) says what it is.",
    "person_exists": "The person signs in already. Use another address, or change the person who has it.",
    "last_administrator": "Let another administrator enrol first.",
    "own_roles": "Have another administrator change them, or the command line.",
    "key_over": "Make another key (`POST /v1/keys`).",
    "already_corrected": "Read the entries again and name the one that stands in `corrects`.",
    "not_due": "Read the follow-up again; `detail` says how it was settled.",
    "duty_open": "Do what `GET /v1/agenda` leads to; `POST /v1/alerts/{id}/acknowledge` says that you have seen it.",
    "filed_already": "Read the agenda again (`GET /v1/agenda`).",
    "no_consent": "Record that the person agrees to being handed over, or on which other ground it is done.",
    "no_agreement": "Make a sharing agreement with this partner first (`POST /v1/agreements`).",
    "referral_open": "End the open one first, or wait for the receiver.",
    "referral_state": "Read the referral again; `possible` says what you can do with it now.",
    "case_closed": "Open the case again first (`POST /v1/cases/{id}/reopen`).",
    "authorisation_over": "Record a new authorisation (`POST /v1/cases/{id}/publication-authorisations`).",
    "publication_not_agreed": "Record consent to `publication` for this class (`POST /v1/cases/{id}/consents`).",
    "transfer_clash": "One of the two cases needs another `external_id` first.",
    "request_in_progress": "Wait as `Retry-After` says and send the same request with the same key.",
    "concurrent_change": "Send the request again; the answer then tells what is stored.",
    "precondition_failed": "Read it again, show the person what changed, and send the change with the new ETag.",
    "too_large": "`detail` says what is allowed. Send fewer or smaller photos, or less text.",
    "address_too_long": "Send fewer or shorter parameters.",
    "unsupported_media": "Send `application/json`, or `multipart/form-data` when there are photos.",
    "invalid_request": "`errors` names each field and the rule it breaks; nothing was stored.",
    "idempotency_key_reused": "Make a new key for every new request; keep a key only to send the same request again.",
    "rate_limited": "Wait as `Retry-After` says; `RateLimit` tells what is left before it comes to this.",
    "too_many_streams": "Close a live inbox that nobody reads, or poll `GET /v1/alerts`.",
    "too_many_attempts": "Wait as `Retry-After` says. Too many sign-ins from your address failed, on any server.",
    "headers_too_large": "Send fewer or shorter headers.",
    "index_opening": "The case is safe. Wait as `Retry-After` says; `GET /v1/ready` tells how far it is.",
    "provider_failed": "Try again; if it lasts, tell whoever runs the sign-in service of your organisation.",
    "sign_in_busy": "Wait as `Retry-After` says and sign in again.",
    "keys_unusable": "For the operator: the master key is missing or another one. `detail` says what to set.",
    "database_unavailable": "Nothing is known to be stored. Send the request again, with its `Idempotency-Key`.",
    "model_missing": "For the operator: `detail` says what to run.",
    "model_corrupt": "For the operator: `detail` says what to run.",
    "method_not_allowed": "The header `Allow` names the methods of this address.",
    "internal": "Tell the operator the incident number in `detail`; the log has it. Send the request again later.",
}
"""Code -> what a client, or the person before it, should do."""
_HEAD: Final = """# Errors

Every answer from 400 on is a problem of [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)
(`application/problem+json`): `type`, `title`, `status`, `detail`, `code` and, where fields break rules, `errors` with
`field` and `reason` of each. Programs go by `code`; `title` and `detail` are for people and may change. No problem
repeats a value that was sent.

This page is written by `python -m api.error_reference`.

| code | status | meaning | what to do |
|---|---|---|---|
"""
_PHOTOS: Final = """
## Photos
A photo that cannot be used never keeps its case out: the case is stored, and the photo says why in `error_code` and
`error_detail`. One that may be tried again unchanged is tried again by itself.

| `error_code` | meaning | tried again by itself |
|---|---|---|
"""


def page() -> str:
    """Return the whole page."""
    rows = [f"| `{one.code}` | {one.status} | {one.meaning} | {REMEDIES[one.code]} |" for one in known_problems()]
    photos = [f"| `{code}` | {meaning} | {'yes' if again else 'no'} |" for code, meaning, again in photo_problems()]
    return _HEAD + "\n".join(rows) + "\n" + _PHOTOS + "\n".join(photos) + "\n"


def photo_problems() -> Iterator[tuple[str, str, bool]]:
    """Give code, meaning and whether it is tried again of everything that can be wrong with a photo."""
    kinds = [kind for kind in vars(photo_errors).values() if isinstance(kind, type) and issubclass(kind, UnusablePhoto)]
    for kind in sorted(kinds, key=lambda kind: kind.code):
        if kind is not UnusablePhoto:
            yield kind.code, (kind.__doc__ or "").partition("\n")[0], kind.transient
    yield "face_consent_missing", "Kept and not compared: consent is missing, or faces are switched off.", True


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
