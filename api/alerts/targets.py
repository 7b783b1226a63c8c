"""May we call this webhook address, and at which network address exactly?

A partner types the address, our server calls it: without a check, a partner could make us call machines
inside our own network. The name is resolved once, every answer is checked, and the connection goes to the
checked address itself. Resolving again while connecting would let a name change its answer in between.
"""

import ipaddress
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httpx

from api.alerts.errors import TargetRefused

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], list[str]]
"""From host name and port to the text of its addresses, best first; raises OSError when there are none."""

MOST_ADDRESSES: Final = 3
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
# Not for the public internet, yet "global" to the standard library of Python 3.11.
_ALSO_PRIVATE: Final = (
    ipaddress.ip_network("192.0.0.0/24"),
    ipaddress.ip_network("fec0::/10"),
    ipaddress.ip_network("64:ff9b:1::/48"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook address whose network addresses are checked.

    Args:
        url: the partner's address; its host goes into the Host header and the TLS handshake.
        addresses: 1 to 3 network addresses to connect to, best first.
    """

    url: httpx.URL
    addresses: tuple[str, ...]


def system_resolver(host: str, port: int) -> list[str]:
    """Resolve with the operating system, in its order of preference."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


def parse_url(url: str, *, allow_private: bool) -> httpx.URL:
    """Check everything about a webhook address that can be seen without the network.

    Args:
        url: what the partner typed.
        allow_private: the operator allows private addresses, and with them plain http.
    Raises:
        TargetRefused: with the rule that it breaks.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise TargetRefused("is not an address") from None
    if parsed.scheme not in ("https", "http"):
        raise TargetRefused("must begin with https://")
    if parsed.scheme == "http" and not allow_private:
        raise TargetRefused("must begin with https://; http is for private addresses only")
    if not parsed.host:
        raise TargetRefused("has no host")
    if parsed.userinfo:
        raise TargetRefused("must not contain a user name or password")
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise TargetRefused("has an impossible port")
    literal = _literal(parsed.host)
    if literal is not None:
        _check(literal, allow_private=allow_private)
    elif not _HOST.fullmatch(parsed.raw_host.decode("ascii")):
        raise TargetRefused("has an impossible host")
    return parsed.copy_with(fragment=None)


def resolve_target(url: str, *, allow_private: bool, resolve: Resolver = system_resolver) -> Target:
    """Check a webhook address and find out where it points.

    Args:
        url: the partner's address.
        allow_private: the operator allows loopback, private and link-local addresses.
        resolve: asks for the addresses of a name, exactly once.
    Raises:
        TargetRefused: the address breaks a rule, or any of its network addresses may not be called.
        OSError: the name cannot be resolved.
    """
    parsed = parse_url(url, allow_private=allow_private)
    port = parsed.port or (443 if parsed.scheme == "https" else 80)
    found = resolve(parsed.raw_host.decode("ascii"), port)
    if not found:
        raise OSError("the name has no address")
    for text in found:
        address = _literal(text)
        if address is None:
            raise TargetRefused("resolves to something that is not an address")
        # One forbidden answer among good ones is how a rebinding attack begins: refuse them all.
        _check(address, allow_private=allow_private)
    return Target(parsed, tuple(found[:MOST_ADDRESSES]))


def _literal(text: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _check(address: IPAddress, *, allow_private: bool) -> None:
    inner = _embedded(address)
    if inner is not None:
        return _check(inner, allow_private=allow_private)
    if address.is_multicast:
        raise TargetRefused("points to a multicast address")
    if address.is_unspecified:
        raise TargetRefused("points to the unspecified address")
    if allow_private:
        return None
    if address.is_loopback:
        raise TargetRefused("points to this machine")
    if address.is_link_local:
        raise TargetRefused("points to a link-local address")
    also_private = any(address in network for network in _ALSO_PRIVATE if network.version == address.version)
    if address.is_reserved or also_private or not address.is_global:
        raise TargetRefused("points to a private or reserved address")
    return None


def _embedded(address: IPAddress) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address inside an IPv6 one; a gateway or the kernel would unpack it after our check."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
