"""Which webhook addresses do we call?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.alerts.errors import TargetRefused
from api.alerts.targets import Resolver, parse_url, resolve_target, system_resolver

PUBLIC = "93.184.216.34"


def answers(*addresses: str) -> Resolver:
    return lambda *_: list(addresses)


PRIVATE = [
    "127.0.0.1",
    "127.9.9.9",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.8",
    "198.18.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fec0::1",
    "2001:db8::1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "::7f00:1",
]
NEVER = ["224.0.0.1", "ff02::1", "0.0.0.0", "::", "::ffff:0.0.0.0", "::ffff:224.0.0.1"]


@pytest.mark.parametrize("address", PRIVATE + NEVER)
def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    with pytest.raises(TargetRefused) as caught:
        resolve_target("https://hooks.partner.example/x", allow_private=False, resolve=answers(address))
    assert address not in str(caught.value)


@pytest.mark.parametrize("address", PRIVATE)
def test_the_operator_may_allow_private_addresses(address: str) -> None:
    target = resolve_target("http://hooks.partner.example/x", allow_private=True, resolve=answers(address))
    assert target.addresses == (address,)


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_never_called(address: str) -> None:
    with pytest.raises(TargetRefused):
        resolve_target("http://hooks.partner.example/x", allow_private=True, resolve=answers(address))


@pytest.mark.parametrize("address", [PUBLIC, "2606:4700::1111", "64:ff9b::5db8:d822"])
def test_public_addresses_are_called(address: str) -> None:
    target = resolve_target("https://hooks.partner.example/x", allow_private=False, resolve=answers(address))
    assert target.addresses == (address,)


def test_one_forbidden_answer_spoils_the_others() -> None:
    with pytest.raises(TargetRefused):
        resolve_target("https://hooks.partner.example", allow_private=False, resolve=answers(PUBLIC, "10.0.0.1"))
    with pytest.raises(TargetRefused):
        resolve_target("https://hooks.partner.example", allow_private=False, resolve=answers(*[PUBLIC] * 9, "::1"))


def test_the_name_is_asked_for_exactly_once() -> None:
    asked: list[tuple[str, int]] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return [PUBLIC]

    resolve_target("https://bücher.example/x", allow_private=False, resolve=resolve)
    resolve_target("http://a.example:8080/x", allow_private=True, resolve=resolve)
    resolve_target("http://a.example/x", allow_private=True, resolve=resolve)
    assert asked == [("xn--bcher-kva.example", 443), ("a.example", 8080), ("a.example", 80)]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks",
        "//a.example/x",
        "ftp://a.example/x",
        "file:///etc/passwd",
        "https:///x",
        "https://user:secret@a.example/x",
        "https://user@a.example/x",
        "https://a.example:0/x",
        "https://a.example:99999/x",
        "https://a.example:x/",
        "https://[::1/x",
        "https://exa mple/",
        "https://a.example/\n",
        "https://224.0.0.1/",
        "https://[::]/",
    ],
)
def test_what_is_no_address_for_a_webhook(url: str) -> None:
    with pytest.raises(TargetRefused) as caught:
        parse_url(url, allow_private=True)
    assert "secret" not in str(caught.value)


def test_plain_http_needs_the_operator() -> None:
    with pytest.raises(TargetRefused, match="https"):
        parse_url("http://a.example/x", allow_private=False)
    assert parse_url("http://a.example/x", allow_private=True).scheme == "http"


def test_a_private_literal_is_seen_without_the_network() -> None:
    for url in ("https://127.0.0.1/x", "https://[::1]/x", "https://[::ffff:127.0.0.1]:8443/x"):
        with pytest.raises(TargetRefused):
            parse_url(url, allow_private=False)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost"])
def test_other_spellings_of_this_machine_are_caught_after_resolving(host: str) -> None:
    with pytest.raises(TargetRefused):
        resolve_target(f"https://{host}/x", allow_private=False, resolve=system_resolver)


def test_a_name_without_an_address_is_not_a_refusal() -> None:
    with pytest.raises(OSError, match="no address"):
        resolve_target("https://a.example/x", allow_private=False, resolve=answers())


def test_what_is_resolved_must_be_an_address() -> None:
    with pytest.raises(TargetRefused):
        resolve_target("https://a.example/x", allow_private=False, resolve=answers("b.example"))


@given(st.text(max_size=60))
def test_no_text_gets_further_than_a_refusal(text: str) -> None:
    for url in (text, f"https://{text}", f"https://a.example/{text}"):
        try:
            assert parse_url(url, allow_private=False).scheme == "https"
        except TargetRefused:
            continue


@given(st.ip_addresses())
def test_an_address_is_called_only_if_it_is_global(address: object) -> None:
    text = str(address)
    try:
        target = resolve_target("https://a.example/x", allow_private=False, resolve=answers(text))
    except TargetRefused:
        return
    assert target.addresses == (text,)
    assert address.is_global
