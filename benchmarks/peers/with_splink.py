"""How does Splink do it? DuckDB, u from random pairs, m by expectation maximisation, then every blocked pair scored.

`febrl4` is the example of Splink's own documentation, without the social-security column and with two columns of the
address in its place; `febrl4_wide` compares every column and blocks more widely. `rescues` is written for the
synthetic people of this project; its tables come romanised and with places resolved, which Splink cannot do itself.
`rescues_labelled` learns from labelled tables of other people, as this project's own model has done.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from benchmarks.peers.pairs import ScoredIds, best_of_each
from benchmarks.stages import Stages

_SEED = 7
_KEPT_FROM = 0.001  # below the lowest threshold that could be best
_EACH = 50  # of a rescued person, more candidates than anybody reads


@dataclass(frozen=True)
class Plan:
    """What a Splink user decides.

    Attributes:
        comparisons: of columns.
        blocking: a pair that fits any rule is scored.
        certain: rules that hardly hold for two people, with the share of true pairs that they find.
        training: rules under which m is learned; what a rule fixes is learned under the others.
        u_pairs: random pairs for u.
    """

    comparisons: Sequence[Any]
    blocking: Sequence[Any]
    certain: tuple[Sequence[Any], float]
    training: Sequence[Any]
    u_pairs: float = 1e6


def _names(*columns: str) -> list[Any]:
    return [cl.NameComparison(column).configure(term_frequency_adjustments=True) for column in columns]


def _levels(name: str, column: str, levels: Sequence[tuple[str, object]]) -> Any:
    """Return a comparison by conditions in SQL, best first; nothing is said where the column is unknown."""
    unknown = {
        "sql_condition": f"{column}_l is null or {column}_r is null",
        "is_null_level": True,
        "label_for_charts": "unknown",
    }
    stated = [{"sql_condition": condition, "label_for_charts": str(label)} for condition, label in levels]
    rest = {"sql_condition": "ELSE", "label_for_charts": "nothing in common"}
    return cl.CustomComparison(output_column_name=name, comparison_levels=[unknown, *stated, rest])


def _febrl4(wide: bool) -> Plan:
    comparisons = [
        *_names("given_name", "surname"),
        cl.DateOfBirthComparison(
            "date_of_birth", input_is_string=True, datetime_format="%Y%m%d", invalid_dates_as_null=True
        ),
        cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
        cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("address_1", [0.9, 0.8]).configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("suburb", [0.9, 0.8]).configure(term_frequency_adjustments=True),
    ]
    blocking = [
        block_on("given_name", "surname"),
        "l.given_name = r.surname and l.surname = r.given_name",
        block_on("date_of_birth"),
        block_on("state", "address_1"),
        block_on("street_number", "address_1"),
        block_on("postcode"),
    ]
    if wide:
        comparisons += [cl.JaroWinklerAtThresholds("address_2", [0.9, 0.8]), cl.ExactMatch("state")]
        blocking += [
            block_on("given_name", "substr(date_of_birth, 1, 6)"),
            block_on("surname", "substr(date_of_birth, 1, 6)"),
            block_on("suburb", "surname"),
            block_on("suburb", "given_name"),
            block_on("address_2", "street_number"),
        ]
    certain = [
        block_on("given_name", "surname", "date_of_birth"),
        block_on("surname", "postcode", "street_number"),
    ]
    return Plan(comparisons, blocking, (certain, 0.8), [block_on("date_of_birth"), block_on("postcode")])


def _rescues() -> Plan:
    comparisons = [
        *_names("given", "surname", "nickname", "father_given", "mother_given"),
        cl.JaroWinklerAtThresholds("father_surname", [0.9]),
        cl.ExactMatch("sex"),
        # A guess by eye is off by a year or two, and heaps on even numbers.
        _levels("birth_year", "birth_year", [(f"abs(birth_year_l - birth_year_r) <= {n}", n) for n in (0, 1, 2, 4)]),
        _levels(
            "place",
            "country",
            [
                ("district_l = district_r", "one district"),
                ("state_l = state_r and (district_l is null or district_r is null)", "one state, district unknown"),
                ("state_l = state_r", "one state"),
                ("country_l = country_r", "one country"),
            ],
        ),
        cl.JaroWinklerAtThresholds("village", [0.92, 0.8]).configure(term_frequency_adjustments=True),
    ]
    near = "abs(l.birth_year - r.birth_year)"
    blocking = [
        block_on("given"),
        block_on("given_sound", "state"),
        block_on("father_given"),
        block_on("father_given_sound", "state"),
        block_on("mother_given"),
        block_on("mother_given_sound", "state"),
        block_on("nickname"),
        block_on("village"),
        f"l.given_sound = r.given_sound and l.sex = r.sex and {near} <= 2",
        f"l.surname = r.surname and l.sex = r.sex and {near} <= 2",
        f"l.father_given_sound = r.father_given_sound and l.sex = r.sex and {near} <= 4",
        f"l.mother_given_sound = r.mother_given_sound and l.sex = r.sex and {near} <= 4",
        f"l.district = r.district and l.sex = r.sex and {near} <= 4",
        f"l.state = r.state and l.sex = r.sex and {near} <= 1",
    ]
    certain = [block_on("given", "father_given", "mother_given", "state"), block_on("given", "surname", "village")]
    # Under looser rules most pairs are two people, and what is learned is their likeness.
    training = [
        block_on("given", "father_given", "state"),
        block_on("given", "mother_given", "state"),
        block_on("father_given", "mother_given", "state"),
        block_on("given", "father_given", "mother_given"),
    ]
    return Plan(comparisons, blocking, (certain, 0.08), training, 2e6)


def _settings(plan: Plan, id_column: str) -> Any:
    return SettingsCreator(
        unique_id_column_name=id_column,
        link_type="link_only",
        blocking_rules_to_generate_predictions=list(plan.blocking),
        comparisons=list(plan.comparisons),
    )


def _linker(left: Path, right: Path, settings: Any) -> Any:
    """Return Splink's linker of two files; empty values are unknown."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    tables = [pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""]) for path in (left, right)]
    for table in tables:
        if "birth_year" in table:
            table["birth_year"] = pd.to_numeric(table["birth_year"])
    # Half of the memory, so that pairs of a million records go to disk and not beyond what there is.
    half = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**21
    folder = tempfile.gettempdir()
    database = DuckDBAPI(duckdb.connect(config={"memory_limit": f"{half}MB", "temp_directory": folder}))
    # By name, for Splink puts the tables in the order of their names and calls the first one left.
    names = ("a_left", "b_right")
    known = [database.register(table, table_name=name) for table, name in zip(tables, names, strict=True)]
    return Linker(known, settings, log_level=logging.ERROR)


def _prior(linker: Any, plan: Plan) -> None:
    rules, share = plan.certain
    linker.training.estimate_probability_two_random_records_match(list(rules), recall=share)


def _predicted(linker: Any, id_column: str, stages: Stages) -> ScoredIds:
    """Return every pair that Splink thinks at all possible."""
    with stages("predict"):
        scored = linker.inference.predict(threshold_match_probability=_KEPT_FROM)
    with stages("fetch"):
        found = scored.as_pandas_dataframe()
    # Probabilities near 1 are equal as floats; the weight still tells them apart, and one-to-one needs that.
    odds = np.exp2(-found["match_weight"].to_numpy(dtype=np.float64))
    ids = [found[f"{id_column}_{side}"].tolist() for side in ("l", "r")]
    return ScoredIds(ids[0], ids[1], 1.0 / (1.0 + odds), stages.taken)


def _link(left: Path, right: Path, plan: Plan, id_column: str) -> ScoredIds:
    """Link two files that nobody has labelled."""
    stages = Stages()
    with stages("read"):
        linker = _linker(left, right, _settings(plan, id_column))
    with stages("prior"):
        _prior(linker, plan)
    with stages("u"):
        linker.training.estimate_u_using_random_sampling(max_pairs=plan.u_pairs, seed=_SEED)
    with stages("m"):
        for rule in plan.training:
            linker.training.estimate_parameters_using_expectation_maximisation(
                rule, estimate_without_term_frequencies=True
            )
    return _predicted(linker, id_column, stages)


def febrl4(left: Path, right: Path) -> ScoredIds:
    """Link FEBRL 4 as in Splink's documentation."""
    return _link(left, right, _febrl4(wide=False), "rec_id")


def febrl4_wide(left: Path, right: Path) -> ScoredIds:
    """Link FEBRL 4 by every column, with wider blocking."""
    return _link(left, right, _febrl4(wide=True), "rec_id")


def rescues(left: Path, right: Path) -> ScoredIds:
    """Link reports (left) and rescued people (right); the best candidates of each rescued person."""
    return _best(_link(left, right, _rescues(), "id"))


def rescues_labelled(left: Path, right: Path, known_left: Path, known_right: Path) -> ScoredIds:
    """Link as `rescues`, with m and u from two other tables whose column `label` says who is who."""
    plan = _rescues()
    teacher = _linker(known_left, known_right, _settings(plan, "id"))
    teacher.training.estimate_u_using_random_sampling(max_pairs=plan.u_pairs, seed=_SEED)
    teacher.training.estimate_m_from_label_column("label")
    linker = _linker(left, right, teacher.misc.save_model_to_json())
    _prior(linker, plan)
    return _best(_predicted(linker, "id", Stages()))


def predict_rescues(left: Path, right: Path) -> tuple[int, float]:
    """Return how many blocked pairs of two tables there are, and the processor's seconds of scoring them all.

    Finding them is part of Splink's one step. m is not learned: what it is makes no pair slower.
    """
    plan = _rescues()
    linker = _linker(left, right, _settings(plan, "id"))
    linker.training.estimate_u_using_random_sampling(max_pairs=plan.u_pairs, seed=_SEED)
    started = time.process_time()
    found = linker.inference.predict()
    seconds = time.process_time() - started
    return len(found.as_pandas_dataframe()), seconds


def _best(found: ScoredIds) -> ScoredIds:
    numbers = {name: number for number, name in enumerate(dict.fromkeys(found.right))}
    owner = np.array([numbers[name] for name in found.right], dtype=np.int64)
    kept = best_of_each(owner, found.score, _EACH)
    return found._replace(
        left=[found.left[n] for n in kept], right=[found.right[n] for n in kept], score=found.score[kept]
    )
