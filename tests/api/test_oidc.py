"""Accounts elsewhere: a real issuer on this machine, true tokens, forged ones, and whom they let in."""

from __future__ import annotations

import base64
import builtins
import hmac
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from api.bootstrap import Sandhan
from api.people.errors import ProviderFailed, ProviderNotInstalled
from api.people.oidc_provider import Provider, ProviderSettings, is_protected
from api.settings import Settings

from .conftest import TickingClock, empty_database, open_house, settle, settled_house
from .issuer import CLIENT, SECRET, LocalIssuer, local_issuer
from .town import Someone, Town

Claims = dict[str, Any]
BACK = "http://127.0.0.1:8080/v1/session/oidc/callback"


@pytest.fixture(scope="module")
def issuer() -> Iterator[LocalIssuer]:
    with local_issuer() as made:
        yield made


@pytest.fixture(autouse=True)
def as_it_was(issuer: LocalIssuer) -> Iterator[None]:
    keys = list(issuer.keys)
    yield
    issuer.keys[:], issuer.metadata, issuer.raw = keys, {}, {}


@pytest.fixture(scope="module")
def oidc_town(
    dialect: str, tmp_path_factory: pytest.TempPathFactory, template: Path, issuer: LocalIssuer
) -> Iterator[Town]:
    """A town whose people may come with the issuer's accounts; `hwk` is worth a second factor."""
    account = {"oidc_issuer": issuer.url, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    home = tmp_path_factory.mktemp("oidc") / "home"
    with settled_house(dialect, home, template, **account, oidc_second_factor="mfa, hwk") as house:
        yield Town(house)


def claims_of(person: Someone, **changed: Any) -> Claims:
    now = int(person.town.clock().timestamp())
    return {
        "sub": f"account of {person.id}", "email": person.email, "email_verified": True, "iat": now, "exp": now + 300,
        "amr": ["pwd", "hwk"],
    } | changed  # fmt: skip


def depart(town: Town) -> tuple[str, dict[str, str]]:
    """Return where the browser is sent, and the cookie it keeps."""
    answer = town.send("GET", "/v1/session/oidc")
    assert answer.status_code == 303, answer.text
    said = answer.headers["set-cookie"]
    for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert word in said
    return answer.headers["location"], {"Cookie": said.split(";")[0]}


def arrive(town: Town, back: dict[str, str], cookie: dict[str, str]) -> Any:
    path = "/v1/session/oidc/callback?" + "&".join(f"{name}={value}" for name, value in back.items())
    return town.send("GET", path, headers=cookie)


def come_in(issuer: LocalIssuer, person: Someone, sign: Callable[[Claims], str] | None = None, **changed: Any) -> Any:
    address, cookie = depart(person.town)
    return arrive(person.town, issuer.agree(address, claims_of(person, **changed), sign), cookie)


def test_an_invited_person_comes_in_with_an_account_elsewhere(oidc_town: Town, issuer: LocalIssuer) -> None:
    officer = oidc_town.invite("ahtu", "officer")
    answer = come_in(issuer, officer)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["person_id"], answer.json()["token"]) == (officer.id, None)
    (said,) = [text for text in answer.headers.get_list("set-cookie") if text.startswith("__Host-sandhan=")]
    for word in ("HttpOnly", "Secure", "SameSite=strict"):
        assert word in said
    me = oidc_town.send("GET", "/v1/session", headers={"Cookie": said.split(";")[0]})
    assert me.json()["actor_id"] == officer.id
    assert oidc_town.actions(officer.id) == ["person.invited", "person.linked", "sign_in.succeeded"]


def test_a_linked_account_is_known_by_issuer_and_subject(oidc_town: Town, issuer: LocalIssuer) -> None:
    one, other = oidc_town.invite("ahtu", "officer"), oidc_town.invite("ahtu", "officer")
    assert come_in(issuer, one).json()["person_id"] == one.id
    # The address may change, be gone, or even be another person's: the subject decides.
    for changed in ({"email": "moved@example.org"}, {"email": None}, {"email": other.email}):
        assert come_in(issuer, one, **changed).json()["person_id"] == one.id
    # Another account with the address of somebody who is linked is not he or she.
    assert come_in(issuer, one, sub="somebody else").status_code == 401
    assert oidc_town.actions(other.id) == ["person.invited"]


def test_nobody_is_made_by_an_account(oidc_town: Town, issuer: LocalIssuer) -> None:
    officer = oidc_town.invite("ahtu", "officer")
    before = oidc_town.house.row_counts()["people"]
    for changed in (
        {"email": "nobody@example.org"},
        {"email": None},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
        {"email": ["x"]},
    ):
        answer = come_in(issuer, officer, **changed)
        assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_failed"), changed
    assert oidc_town.house.row_counts()["people"] == before
    assert oidc_town.actions(officer.id) == ["person.invited"]


def test_after_a_reset_the_address_links_nothing_before_enrolling_anew(oidc_town: Town, issuer: LocalIssuer) -> None:
    officer, chief = oidc_town.invite("ahtu", "officer"), oidc_town.enrolled("ahtu", "administrator")
    assert come_in(issuer, officer).status_code == 200
    reset = oidc_town.send("POST", f"/v1/people/{officer.id}/reset", headers=chief.headers())
    assert reset.json()["person"]["enrolled"] is False
    for subject in (f"account of {officer.id}", "an account that took the address over"):
        assert come_in(issuer, officer, sub=subject).status_code == 401
    officer.token = reset.json()["enrolment_token"]
    officer.enrol()
    assert come_in(issuer, officer).json()["person_id"] == officer.id


def test_who_left_does_not_come_in(oidc_town: Town, issuer: LocalIssuer) -> None:
    officer, chief = oidc_town.invite("ahtu", "officer"), oidc_town.enrolled("ahtu", "administrator")
    assert come_in(issuer, officer).status_code == 200
    gone = oidc_town.send("PATCH", f"/v1/people/{officer.id}", {"active": False}, headers=chief.headers())
    assert gone.status_code == 200
    assert come_in(issuer, officer).status_code == 401


def _base64(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def _unsigned(claims: Claims) -> str:
    return f"{_base64({'alg': 'none'})}.{_base64(claims)}."


def _of_a_stranger(kid: str) -> Callable[[Claims], str]:
    key = RSAKey.generate_key(2048, parameters={"kid": kid})
    return lambda claims: jwt.encode({"alg": "RS256", "kid": kid}, claims, key)


def _shared_secret(claims: Claims) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET.ljust(32, "x")))


def _signed_with_the_public_key(issuer: LocalIssuer) -> Callable[[Claims], str]:
    def sign(claims: Claims) -> str:
        text = f"{_base64({'alg': 'HS256', 'kid': 'first'})}.{_base64(claims)}"
        # By hand: the library refuses to make such a token.
        digest = hmac.digest(issuer.keys[0].as_pem(private=False), text.encode(), "sha256")
        return f"{text}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"

    return sign


def test_a_forged_token_opens_nothing(oidc_town: Town, issuer: LocalIssuer) -> None:
    officer = oidc_town.invite("ahtu", "officer")

    def altered(claims: Claims) -> str:
        head, _, signature = issuer.sign(claims | {"sub": "another"}).split(".")
        return f"{head}.{_base64(claims)}.{signature}"

    forged = {
        "alg none": _unsigned,
        "alg none, capitals": lambda claims: f"{_base64({'alg': 'NONE'})}.{_base64(claims)}.",
        "a stranger's key": _of_a_stranger("stranger"),
        "a stranger's key under a known name": _of_a_stranger("first"),
        "a shared secret": _shared_secret,
        "the public key as a secret": _signed_with_the_public_key(issuer),
        "altered": altered,
        "signature cut off": lambda claims: issuer.sign(claims).rpartition(".")[0] + ".",
        "no token at all": lambda _: "nothing",
        "empty": lambda _: "",
        "claims that are no object": lambda _: issuer.sign({})[:10] + "." + _base64([1]) + ".x",
    }
    for kind, sign in forged.items():
        answer = come_in(issuer, officer, sign)
        assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_failed"), kind
    assert come_in(issuer, officer).status_code == 200  # it was the forgery


def test_a_token_for_another_purpose_opens_nothing(oidc_town: Town, issuer: LocalIssuer) -> None:
    officer = oidc_town.invite("ahtu", "officer")
    now = int(oidc_town.clock().timestamp())
    wrong: dict[str, Claims] = {
        "nonce": {"nonce": "another"},
        "no nonce": {"nonce": None},
        "issuer": {"iss": "https://issuer.example.org"},
        "no issuer": {"iss": None},
        "audience": {"aud": "another client"},
        "no audience": {"aud": None},
        "shared, for another": {"aud": [CLIENT, "another"], "azp": "another"},
        "shared, for nobody": {"aud": [CLIENT, "another"]},
        "another's": {"azp": "another"},
        "expired": {"exp": now - 100},
        "no expiry": {"exp": None},
        "no subject": {"sub": None},
        "subject that is no text": {"sub": 7},
        "not yet": {"nbf": now + 1000},
        "from tomorrow": {"iat": now + 86400},
    }
    for kind, changed in wrong.items():
        answer = come_in(issuer, officer, **changed)
        assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_failed"), kind
    assert come_in(issuer, officer, aud=[CLIENT, "another"], azp=CLIENT).status_code == 200
    reasons = [entry.detail for entry in oidc_town.audited("unknown") if entry.action == "sign_in.failed"]
    assert {"reason": "token"} in reasons


def test_a_way_back_is_for_the_browser_that_left_and_not_for_long(oidc_town: Town, issuer: LocalIssuer) -> None:
    officer = oidc_town.invite("ahtu", "officer")
    address, cookie = depart(oidc_town)
    back = issuer.agree(address, claims_of(officer))
    _, of_another = depart(oidc_town)
    name, _, kept = cookie["Cookie"].partition("=")
    parts = kept.split(".")
    later = [*parts[:3], str(int(parts[3]) + 9999), parts[4]]
    swapped = [back["state"], *parts[1:]]
    before, asked = oidc_town.house.row_counts(), len(issuer.seen)
    for sent, browser in (
        (back | {"state": "made-up"}, cookie),
        ({"state": back["state"], "error": "access_denied"}, cookie),
        (back, of_another),
        (back, {}),
        (back, {"Cookie": f"{name}="}),
        (back, {"Cookie": f"{name}=...."}),
        (back, {"Cookie": f"{name}={'.'.join(later)}"}),
        (back, {"Cookie": f"{name}={'.'.join(swapped[:4])}"}),
        (back, {"Cookie": f"{name}={'.'.join(swapped[:4])}.{'0' * 64}"}),
    ):
        assert arrive(oidc_town, sent, browser).json()["code"] == "sign_in_failed"
    assert (oidc_town.house.row_counts(), len(issuer.seen)) == (before, asked)  # none of this went any further
    oidc_town.clock.advance(minutes=10)
    assert arrive(oidc_town, back, cookie).json()["code"] == "sign_in_failed"
    assert come_in(issuer, officer).status_code == 200


def test_a_way_back_opens_once(oidc_town: Town, issuer: LocalIssuer) -> None:
    address, cookie = depart(oidc_town)
    back = issuer.agree(address, claims_of(oidc_town.invite("ahtu", "officer")))
    assert [arrive(oidc_town, back, cookie).status_code for _ in range(2)] == [200, 401]


def test_one_process_sends_away_and_another_receives(
    dialect: str, tmp_path: Path, template: Path, issuer: LocalIssuer
) -> None:
    account = {"oidc_issuer": issuer.url, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    home = tmp_path / "home"
    with (
        empty_database(dialect, home, template) as url,
        open_house(home, url, **account, oidc_second_factor="hwk") as first,
        open_house(home, url, seed=2, **account, oidc_second_factor="hwk") as second,
    ):
        settle(first)
        here, there = Town(first), Town(second)
        officer = here.invite("ahtu", "officer")
        address, cookie = depart(here)
        assert arrive(there, issuer.agree(address, claims_of(officer)), cookie).status_code == 200


def test_a_code_that_the_issuer_refuses_opens_nothing(oidc_town: Town, issuer: LocalIssuer) -> None:
    address, cookie = depart(oidc_town)
    officer = oidc_town.invite("ahtu", "officer")
    back = issuer.agree(address, claims_of(officer))
    assert arrive(oidc_town, back | {"code": "guessed"}, cookie).status_code == 401
    # Somebody else's code, brought into one's own sign-in: the verifier does not fit.
    stolen = issuer.agree(depart(oidc_town)[0], claims_of(officer))
    address, cookie = depart(oidc_town)
    own = issuer.agree(address, claims_of(officer))
    assert arrive(oidc_town, {"state": own["state"], "code": stolen["code"]}, cookie).status_code == 401


@pytest.mark.parametrize(
    ("said", "enough"),
    [
        ({"amr": ["pwd", "hwk"]}, True),
        ({"amr": ["mfa"]}, True),
        ({"amr": None, "acr": "mfa"}, True),
        ({"amr": ["pwd"]}, False),
        ({"amr": "mfa"}, False),
        ({"amr": None}, False),
        ({"amr": [["mfa"]], "acr": 1}, False),
    ],
)
def test_the_issuers_second_factor_counts_where_the_setting_says_so(
    oidc_town: Town, issuer: LocalIssuer, said: Claims, enough: bool
) -> None:
    officer = oidc_town.enrolled("ahtu", "officer")
    answer = come_in(issuer, officer, **said)
    assert answer.status_code == (200 if enough else 202)
    if not enough:
        assert answer.json()["next"] == "code"
        assert "__Host-sandhan=" not in answer.headers.get("set-cookie", "")
        form = {"token": answer.json()["token"], "code": officer.code()}
        assert oidc_town.send("POST", "/v1/session/code", form).status_code == 201


def test_without_a_second_factor_anywhere_one_is_set_up_first(oidc_town: Town, issuer: LocalIssuer) -> None:
    officer = oidc_town.invite("ahtu", "officer")
    answer = come_in(issuer, officer, amr=["pwd"])
    assert (answer.status_code, answer.json()["next"]) == (202, "enrol")
    shown = oidc_town.send("POST", "/v1/enrolment", {"token": answer.json()["token"]})
    assert (shown.status_code, shown.json()["password_needed"]) == (200, False)
    auditor = oidc_town.invite("ahtu", "auditor")
    assert come_in(issuer, auditor, amr=["pwd"]).status_code == 200


def test_without_the_setting_no_method_counts(
    dialect: str, tmp_path: Path, template: Path, issuer: LocalIssuer
) -> None:
    account = {"oidc_issuer": issuer.url, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    with settled_house(dialect, tmp_path / "home", template, **account) as house:
        officer = Town(house).enrolled("ahtu", "officer")
        assert come_in(issuer, officer, amr=["mfa", "hwk"], acr="mfa").status_code == 202


def test_keys_may_change_and_are_not_fetched_for_every_forgery() -> None:
    now = [0.0]
    with local_issuer() as issuer:
        provider, clock = provider_at(issuer, monotonic=lambda: now[0])
        assert identify(issuer, provider, clock).subject == "s"
        issuer.keys.append(RSAKey.generate_key(2048, parameters={"kid": "second"}))
        now[0] = 31
        assert identify(issuer, provider, clock).subject == "s"
        for _ in range(5):
            with pytest.raises(Exception, match="sign-in failed"):
                identify(issuer, provider, clock, _of_a_stranger("third"))
        assert issuer.seen.count("/keys") == 2
        assert issuer.seen.count("/.well-known/openid-configuration") == 1
        now[0] = 3700
        identify(issuer, provider, clock)
        assert issuer.seen.count("/.well-known/openid-configuration") == 2


def provider_at(issuer: LocalIssuer, **more: Any) -> tuple[Provider, TickingClock]:
    clock = TickingClock()
    return Provider(ProviderSettings(issuer.url, CLIENT, SECRET, BACK), clock, **more), clock


def identify(
    issuer: LocalIssuer, provider: Provider, clock: TickingClock, sign: Callable[[Claims], str] | None = None
) -> Any:
    verifier = base64.urlsafe_b64encode(random.Random(1).randbytes(32)).decode().rstrip("=")
    now = int(clock().timestamp())
    claims = {"sub": "s", "iat": now, "exp": now + 300}
    back = issuer.agree(provider.authorization_address("state", "n", verifier), claims, sign)
    return provider.identify(back["code"], "n", verifier)


def test_a_client_that_posts_its_secret_is_one_too(issuer: LocalIssuer) -> None:
    issuer.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert identify(issuer, *provider_at(issuer)).subject == "s"


WELL_KNOWN = "/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (WELL_KNOWN, (500, b"{}")),
        (WELL_KNOWN, (404, b"{}")),
        (WELL_KNOWN, (302, b"{}")),
        (WELL_KNOWN, (200, b"<html>")),
        (WELL_KNOWN, (200, b"[]")),
        (WELL_KNOWN, (200, b"\xff")),
        (WELL_KNOWN, (200, b'{"issuer": "https://another.example.org"}')),
        ("/keys", (500, b"")),
        ("/keys", (200, b"{}")),
        ("/keys", (200, b'{"keys": []}')),
        ("/keys", (200, b'{"keys": 7}')),
        ("/token", (503, b"")),
        ("/token", (307, b"")),
        ("/token", (200, b"nothing")),
        ("/token", (200, b'{"access_token": "x"}')),
    ],
)
def test_an_issuer_that_answers_wrongly_is_no_fault_of_the_person(
    issuer: LocalIssuer, path: str, answer: tuple[int, bytes]
) -> None:
    issuer.raw = {path: answer}
    with pytest.raises(ProviderFailed):
        identify(issuer, *provider_at(issuer))


def test_an_issuer_that_is_not_there_is_told_as_such(oidc_town: Town, issuer: LocalIssuer) -> None:
    nowhere = Provider(ProviderSettings("http://127.0.0.1:1", CLIENT, SECRET, BACK), TickingClock())
    with pytest.raises(ProviderFailed):
        nowhere.authorization_address("s", "n", "v")
    address, cookie = depart(oidc_town)
    back = issuer.agree(address, claims_of(oidc_town.invite("ahtu", "officer")))
    issuer.raw = {"/token": (500, b"")}
    answer = arrive(oidc_town, back, cookie)
    assert (answer.status_code, answer.json()["code"]) == (502, "provider_failed")


def test_endpoints_without_tls_are_not_asked(issuer: LocalIssuer) -> None:
    issuer.metadata = {"token_endpoint": "http://issuer.example.org/token"}
    with pytest.raises(ProviderFailed):
        identify(issuer, *provider_at(issuer))
    assert issuer.seen[-1] == WELL_KNOWN


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://issuer.example.org", True),
        ("http://issuer.example.org", False),
        ("http://127.0.0.1:9", True),
        ("http://[::1]:9/x", True),
        ("http://localhost/x", True),
        ("http://localhost.example.org", False),
        ("http://10.0.0.1", False),
        ("ftp://127.0.0.1", False),
        ("", False),
    ],
)
def test_what_nobody_reads_on_the_way(address: str, expected: bool) -> None:
    assert is_protected(address) == expected


def test_unless_it_is_set_up_there_is_no_such_page(town: Town) -> None:
    for path in ("/v1/session/oidc", "/v1/session/oidc/callback?state=x&code=y"):
        answer = town.send("GET", path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("left_out", ["oidc_issuer", "oidc_client_id", "oidc_client_secret"])
def test_half_an_account_stops_the_start(left_out: str) -> None:
    account = {"oidc_issuer": "https://issuer.example.org", "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    with pytest.raises(ValueError, match="set together") as caught:
        Settings(_env_file=None, **{name: value for name, value in account.items() if name != left_out})  # type: ignore[call-arg, arg-type]
    assert SECRET not in str(caught.value)
    whole = Settings(_env_file=None, **account)  # type: ignore[call-arg, arg-type]
    assert SECRET not in repr(whole)


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = builtins.__import__

    def without(name: str, *more: Any, **named: Any) -> Any:
        if name == "api.people.oidc_provider":
            raise ImportError(name)
        return usual(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        home=tmp_path,
        faces=False,
        oidc_issuer="https://issuer.example.org",
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,  # type: ignore[arg-type]
    )
    with pytest.raises(ProviderNotInstalled, match=r"sandhan\[oidc\]"):
        Sandhan.build(settings)


def test_the_address_of_the_way_back_is_the_public_one(oidc_town: Town) -> None:
    address, _ = depart(oidc_town)
    assert "redirect_uri=http%3A%2F%2F127.0.0.1%3A8080%2Fv1%2Fsession%2Foidc%2Fcallback" in urlsplit(address).query
