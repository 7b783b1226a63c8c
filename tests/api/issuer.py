"""An OpenID Connect issuer on this machine: describes itself, shows its keys, exchanges codes for RS256 tokens."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "sandhan-test", "a secret of the issuer"


@dataclass
class LocalIssuer:
    """What the issuer answers; a test may change any of it."""

    url: str = ""
    keys: list[RSAKey] = field(default_factory=lambda: [RSAKey.generate_key(2048, parameters={"kid": "first"})])
    grants: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """Path -> status and body in place of the right answer."""

    def describe(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        } | self.metadata

    def jwks(self) -> dict[str, Any]:
        return dict(KeySet([RSAKey.import_key(key.as_dict(private=False)) for key in self.keys]).as_dict())

    def agree(
        self, address: str, claims: dict[str, Any], sign: Callable[[dict[str, Any]], str] | None = None
    ) -> dict[str, str]:
        """Do what a person does at the issuer; return the parameters of the way back.

        Args:
            claims: of the token, beside those that every one has; None takes one away.
            sign: makes the token in place of the issuer's newest key.
        """
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert address.startswith(f"{self.url}/authorize?")
        assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == ("code", CLIENT, "S256")
        assert "openid" in asked["scope"].split()
        code = f"code-{len(self.grants)}"
        full = {"iss": self.url, "aud": CLIENT, "nonce": asked["nonce"]} | claims
        full = {name: value for name, value in full.items() if value is not None}
        self.grants[code] = {"asked": asked, "token": (sign or self.sign)(full)}
        return {"code": code, "state": asked["state"]}

    def sign(self, claims: dict[str, Any]) -> str:
        key = self.keys[-1]
        return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)

    def exchange(self, form: dict[str, str], authorization: str | None) -> tuple[int, dict[str, Any]]:
        """Answer the token endpoint: once for each code, to the client, who knows the verifier."""
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        posted = (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        if "token_endpoint_auth_methods_supported" in self.metadata:
            known = posted and authorization is None
        else:
            known = authorization == basic
        if not known:
            return 401, {"error": "invalid_client"}
        grant = self.grants.pop(form.get("code", ""), None)
        if grant is None or form.get("grant_type") != "authorization_code":
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if challenge != grant["asked"]["code_challenge"] or form["redirect_uri"] != grant["asked"]["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "opaque", "token_type": "Bearer", "id_token": grant["token"]}


@contextmanager
def local_issuer() -> Iterator[LocalIssuer]:
    """Serve an issuer on a free port of this machine."""
    issuer = LocalIssuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers = {"/.well-known/openid-configuration": issuer.describe, "/keys": issuer.jwks}
            self._answer(200, answers[self.path]()) if self.path in answers else self._answer(404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(*issuer.exchange(form, self.headers.get("Authorization")))

        def _answer(self, status: int, document: dict[str, Any]) -> None:
            issuer.seen.append(self.path)
            status, content = issuer.raw.get(self.path, (status, json.dumps(document).encode()))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if status in (302, 307):
                self.send_header("Location", issuer.url + "/keys")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()
