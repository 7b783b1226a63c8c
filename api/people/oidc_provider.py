"""What does the organisation's own sign-in service say of a person? OpenID Connect, code flow with PKCE.

Needs the extra `oidc`. Everything that is fetched is checked: the issuer's own description, its keys, the ID token.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from api.ids import Clock
from api.people.errors import ProviderFailed, SignInFailed

# Signed with a key that only the issuer has: never "none", never a secret that both sides share.
ALGORITHMS = ("RS256", "PS256", "ES256")
_LEEWAY_S = 60
_KEPT_S = 3600.0
_KEYS_AT_MOST_EVERY_S = 30.0
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """The account of this deployment at the issuer.

    Attributes:
        redirect_uri: where the issuer sends people back to.
        allow_private: permit an issuer without TLS that is not on this machine.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """What a verified ID token says.

    Attributes:
        email: only when the issuer has verified it.
        methods: of authentication: `amr`, and `acr` beside them.
    """

    subject: str = field(repr=False)
    email: str | None = field(repr=False)
    methods: frozenset[str]


class Provider:
    """Talks to one issuer.

    Args:
        transport: of httpx, where another than the usual one is meant.
        monotonic: seconds that only grow, for how long descriptions and keys are kept.
    """

    def __init__(
        self,
        settings: ProviderSettings,
        clock: Clock,
        *,
        transport: httpx.BaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._clock, self._transport, self._monotonic = settings, clock, transport, monotonic
        self._metadata: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    @property
    def issuer(self) -> str:
        """Return the issuer's address."""
        return self._settings.issuer

    def authorization_address(self, state: str, nonce: str, code_verifier: str) -> str:
        """Return where a person's browser is sent.

        Raises:
            ProviderFailed: the issuer does not describe itself.
        """
        address: str = prepare_grant_uri(
            self._described()["authorization_endpoint"],
            client_id=self._settings.client_id,
            response_type="code",
            redirect_uri=self._settings.redirect_uri,
            scope="openid email",
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(code_verifier),
            code_challenge_method="S256",
        )
        return address

    def identify(self, code: str, nonce: str, code_verifier: str) -> Identity:
        """Exchange a code and return what the ID token says.

        Raises:
            SignInFailed: the issuer refuses the code, or the token is not one that it made for this sign-in.
            ProviderFailed: it does not answer as it should.
        """
        settings = self._settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": settings.redirect_uri,
            "code_verifier": code_verifier,
        }
        described = self._described()
        auth: httpx.BasicAuth | None = None
        if "client_secret_basic" in described.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
            auth = httpx.BasicAuth(settings.client_id, settings.client_secret)
        else:
            form |= {"client_id": settings.client_id, "client_secret": settings.client_secret}
        answer = self._ask("POST", described["token_endpoint"], data=form, auth=auth)
        if 400 <= answer.status_code < 500:
            raise SignInFailed
        token = _document(answer).get("id_token")
        if not isinstance(token, str):
            raise ProviderFailed
        return self._verified(token, nonce)

    def _verified(self, token: str, nonce: str) -> Identity:
        try:
            claims = self._decoded(token)
            rules = jwt.JWTClaimsRegistry(
                now=int(self._clock().timestamp()),
                leeway=_LEEWAY_S,
                iss={"essential": True, "value": self._settings.issuer},
                aud={"essential": True, "value": self._settings.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            rules.validate(claims)
        except (JoseError, ValueError):
            raise SignInFailed from None
        audience = claims["aud"]
        shared = isinstance(audience, list) and len(audience) > 1
        if (shared or "azp" in claims) and claims.get("azp") != self._settings.client_id:
            raise SignInFailed
        email = claims.get("email") if claims.get("email_verified") is True else None
        methods = claims.get("amr")
        said = [*(methods if isinstance(methods, list) else []), claims.get("acr")]
        return Identity(
            claims["sub"],
            email if isinstance(email, str) else None,
            frozenset(method for method in said if isinstance(method, str)),
        )

    def _decoded(self, token: str) -> dict[str, Any]:
        try:
            return jwt.decode(token, self._key_set(), algorithms=ALGORITHMS).claims
        except InvalidKeyIdError:
            # The issuer may have changed its keys since; ask once more, though not for every forged token.
            return jwt.decode(token, self._key_set(newer=True), algorithms=ALGORITHMS).claims

    def _key_set(self, *, newer: bool = False) -> KeySet:
        now, kept = self._monotonic(), self._keys
        longest = _KEYS_AT_MOST_EVERY_S if newer else _KEPT_S
        if kept is None or now - kept[0] > longest:
            document = _document(self._ask("GET", self._described()["jwks_uri"]))
            try:
                kept = now, KeySet.import_key_set(document)  # type: ignore[arg-type]
            except (JoseError, KeyError, TypeError, ValueError):
                raise ProviderFailed from None
            self._keys = kept
        return kept[1]

    def _described(self) -> dict[str, Any]:
        """Return the issuer's description of itself, an hour old at most."""
        now, kept = self._monotonic(), self._metadata
        if kept is None or now - kept[0] > _KEPT_S:
            document = _document(self._ask("GET", get_well_known_url(self._settings.issuer, external=True)))
            if document.get("issuer") != self._settings.issuer:
                raise ProviderFailed
            if not all(isinstance(document.get(name), str) for name in _NEEDED):
                raise ProviderFailed
            self._metadata = kept = now, document
        return kept[1]

    def _ask(self, method: str, address: str, **more: Any) -> httpx.Response:
        if not (self._settings.allow_private or is_protected(address)):
            raise ProviderFailed
        try:
            with httpx.Client(
                transport=self._transport, timeout=10, trust_env=False, headers={"Accept": "application/json"}
            ) as client:
                answer = client.request(method, address, **more)
        except (httpx.HTTPError, httpx.InvalidURL):
            raise ProviderFailed from None
        if not (answer.is_success or 400 <= answer.status_code < 500):
            raise ProviderFailed
        return answer


def is_protected(address: str) -> bool:
    """Tell whether what is sent to an address can be read by nobody on the way: TLS, or this machine."""
    parts = urlsplit(address)
    if parts.scheme == "https":
        return True
    host = parts.hostname or ""
    try:
        return parts.scheme == "http" and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


def _document(answer: httpx.Response) -> dict[str, Any]:
    if not answer.is_success:
        raise ProviderFailed
    try:
        document = answer.json()
    except ValueError:
        raise ProviderFailed from None
    if not isinstance(document, dict):
        raise ProviderFailed
    return document
