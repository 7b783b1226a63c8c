"""Who answers in the demonstration? Receivers on this machine acknowledge as people would."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import httpx

_ALERT = re.compile(r"/v1/alerts/(alert_[0-9a-z]+)")


class Acknowledger:
    """Acknowledges alerts over HTTP with the recipient's own key, as its software or its officer would."""

    def __init__(self) -> None:
        self.base_url = ""
        self.keys: dict[str, str] = {}
        self.acknowledged: list[str] = []
        self.problems: list[str] = []
        self._lock = threading.Lock()

    def acknowledge(self, recipient: str, alert_id: str) -> None:
        """Post one acknowledgement; an answer that is no success is kept as a problem."""
        with httpx.Client(trust_env=False, timeout=10) as client:
            answer = client.post(
                f"{self.base_url}/v1/alerts/{alert_id}/acknowledge",
                headers={"Authorization": f"Bearer {self.keys[recipient]}"},
            )
        with self._lock:
            if answer.is_success:
                self.acknowledged.append(alert_id)
            else:
                self.problems.append(f"{recipient}: {answer.status_code}")

    def on_webhook(self, recipient: str) -> Callable[[dict[str, Any]], None]:
        """Return what a webhook receiver does with a verified alert."""

        def react(payload: dict[str, Any]) -> None:
            self.acknowledge(recipient, str(payload["data"]["alert_id"]))

        return react

    def on_mail(self, message: EmailMessage) -> None:
        """Read the alert's link in a mail, as its reader would follow it."""
        body = message.get_body(("plain",))
        found = _ALERT.search(body.get_content() if body else "")
        recipient = str(message["To"])
        if found is None or recipient not in self.keys:
            self.problems.append("a mail without an alert's link, or for an unknown reader")
            return
        # The sink is answering the sender; the reader opens the mail a moment later.
        threading.Thread(target=self.acknowledge, args=(recipient, found[1]), daemon=True).start()
