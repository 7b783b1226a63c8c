"""What can go wrong on the way to a partner, and with its answer, as one tree.

    SandhanError
    ├── DeliveryError
    │   ├── InvalidNotice             a field of an alert may not be sent as it is (carries the field's name)
    │   ├── InvalidDeliverySettings   the operator's delivery settings contradict each other
    │   ├── InvalidWebhookSecret      a partner's signing secret cannot be used
    │   └── TargetRefused             a webhook address that we will not call
    └── DutyOpen                      the alert of a duty ends when the duty is done, not by a word about the alert

Messages name the field and the rule. They never carry the value: an address of a webhook is a
credential to many receivers, and a name typed into the wrong field would otherwise reach the log.
"""

from matcher.errors import SandhanError


class DeliveryError(SandhanError):
    """Base of every error on the way to a partner."""

    code = "delivery_error"


class InvalidNotice(DeliveryError):
    """A field of an alert may not be sent as it is."""

    code = "invalid_notice"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class InvalidDeliverySettings(DeliveryError):
    """The operator's delivery settings contradict each other."""

    code = "invalid_delivery_settings"

    def __init__(self, setting: str, reason: str) -> None:
        super().__init__(f"{setting}: {reason}")
        self.setting = setting
        self.reason = reason


class InvalidWebhookSecret(DeliveryError):
    """A partner's signing secret cannot be used."""

    code = "invalid_webhook_secret"

    def __init__(self, reason: str) -> None:
        super().__init__(f"webhook_secret: {reason}")
        self.reason = reason


class TargetRefused(DeliveryError):
    """A webhook address that we will not call."""

    code = "target_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"webhook_url: {reason}")
        self.reason = reason


class DutyOpen(SandhanError):
    """An alert tells of a duty that is not noted as done."""

    code = "duty_open"

    def __init__(self) -> None:
        super().__init__("this alert ends when the duty that it tells of is noted as done; until then, acknowledge it")
