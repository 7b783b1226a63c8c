"""Does the service do what its OpenAPI document says? Schemathesis asks it thousands of things nobody would.

All of its checks, on a served application with a matched pair in it: as a shelter, as police, as the operator, as an
administrator who signed in, as an auditor and as nobody. The same run with many more examples, by hand:
docs/guides/api.md.
"""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from api.serving import BackgroundServer, bind

from .conftest import Pair
from .town import Town

# Rules that JSON Schema cannot say (a date that exists, a cursor that we signed) refuse what the schema lets through.
REFUSALS = ["401", "403", "404", "409", "412", "413", "415", "422"]


def findings(
    url: str, headers: dict[str, str], tags: list[str] | None, refusals: list[str], **changed: Any
) -> tuple[list[str], int]:
    """Return what schemathesis has to complain about, and how many requests it sent.

    Args:
        tags: only operations of these; None for all.
        refusals: statuses that may answer right data.
    """
    import schemathesis
    from schemathesis.config import SchemathesisConfig
    from schemathesis.engine import events, from_schema

    config = SchemathesisConfig.from_dict(
        {
            "seed": 20261101,
            "continue-on-failure": True,
            "headers": headers,
            "generation": {"max-examples": 4, "database": "none", "no-shrink": True},
            "checks": {
                "positive_data_acceptance": {"expected-statuses": ["2xx", "304", *refusals]},
                "negative_data_rejection": {"expected-statuses": ["405", *refusals]},
            },
            **changed,
        }
    )
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json", config=config)
    if tags is not None:
        schema = schema.include(tag=tags)
    found: dict[str, str] = {}
    requests = 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            found[repr(event)] = repr(getattr(event, "value", None) or getattr(event, "exception", None))
        if isinstance(event, events.ScenarioFinished):
            requests += len(event.recorder.interactions)
            for case_id, checks in event.recorder.checks.items():
                for check in checks:
                    if check.failure_info is not None:
                        failure = check.failure_info.failure
                        answer = event.recorder.interactions[case_id].response
                        told = answer.text[:300] if answer is not None else ""
                        found[f"{event.recorder.label} {failure.title}"] = f"{failure.message} {told}"
    return [f"{where}: {what}" for where, what in found.items()], requests


NO_COVERAGE, NO_STATES = {"coverage": {"enabled": False}}, {"stateful": {"enabled": False}}
RUNS: dict[str, tuple[dict[str, Any], list[str] | None, int]] = {
    "shelter": (NO_COVERAGE, None, 300),
    # Those whose operations are few are asked every boundary of every parameter.
    "operator": (NO_STATES, ["partners", "agreements"], 100),
    "ahtu": (NO_COVERAGE, ["suspects", "care", "referrals"], 100),
    "administrator": (NO_STATES, ["people", "keys"], 100),
    "auditor": (NO_STATES, ["audit"], 50),
    "nobody": (NO_STATES, ["session"], 50),
}
"""Who asks -> phases, tags of the operations (None for all), and how many requests it must have been at least."""


def headers_of(pair: Pair, who: str) -> dict[str, str]:
    """Return what goes with every request: of a key, of somebody who signed in, or nothing."""
    if who == "nobody":
        return {}
    if who == "auditor":
        return pair.house.key_with("shelter", "audit:read", "partners:read")
    if who == "administrator":
        return Town(pair.house).enrolled("shelter", "administrator").headers()
    return pair.house[who].headers


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("who", RUNS)
def test_the_service_does_what_its_document_says(pair: Pair, who: str) -> None:
    phases, tags, least = RUNS[who]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tool's own libraries
        with BackgroundServer(pair.house.client.app, bind("127.0.0.1", 0)) as server:  # type: ignore[arg-type]
            # Whoever guesses at passwords or links is told to wait.
            refusals = REFUSALS if tags and "session" not in tags else [*REFUSALS, "429"]
            found, requests = findings(server.url, headers_of(pair, who), tags, refusals, phases=phases)
    assert requests > least
    assert found == []
