"""`sandhan evaluate`: measure the engine on your own labelled data. None of it is used to learn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from api.commands.console import Json, out, plain_errors, print_json, progress
from api.commands.evaluate_photos import photos
from api.commands.evaluate_records import records
from api.tabular import rows_of, yes_or_no
from matcher.evaluation import (
    area_under_curve,
    best_decision,
    count_reaching,
    decide,
    own_scores,
    recall_at,
)
from matcher.names.alignment import NAME_MATCH_THRESHOLD, compare_batch
from matcher.names.encoder import NameEncoder, Vectors
from matcher.names.table import NameTable

app = typer.Typer(help="Measure the engine on your own labelled data.", no_args_is_help=True)
app.command()(photos)
app.command()(records)
_KS = (1, 10, 50)
_ENCODED_AT_ONCE = 50_000


@app.command()
def names(
    pairs: Annotated[Path, typer.Option(help="TSV with the columns native_script, latin, lang.", exists=True)],
    pool: Annotated[Path | None, typer.Option(help="Further names to search among, one a line.", exists=True)] = None,
    as_json: Json = False,
) -> None:
    """Recall of finding the Latin name by the native one and back, inside the file's names plus a pool."""
    with plain_errors():
        by_language: dict[str, list[tuple[str, str]]] = {}
        for row in rows_of(pairs, "\t", ("native_script", "latin", "lang")):
            if row["native_script"].strip() and row["latin"].strip():
                by_language.setdefault(row["lang"], []).append((row["native_script"], row["latin"]))
        further = pool.read_text(encoding="utf-8-sig").splitlines() if pool else []
        result: dict[str, Any] = {"encoder": NameEncoder.load().encoder_id, "languages": {}}
        with progress(as_json) as bars:
            extra = _Pool.of(line.split("\t")[0].strip() for line in further if line.strip())
            for language, found in bars.track(by_language.items(), description="names"):
                native, latin = [pair[0] for pair in found], [pair[1] for pair in found]
                result["languages"][language] = {
                    "pairs": len(found),
                    "native_to_latin": _retrieval(native, latin, extra),
                    "latin_to_native": _retrieval(latin, native, extra),
                }
    if as_json:
        print_json(result)
        return
    table = Table("language", "pairs", *(f"native->latin @{k}" for k in _KS), *(f"latin->native @{k}" for k in _KS))
    for language, figures in result["languages"].items():
        shown = [figures[way][f"recall@{k}"] for way in ("native_to_latin", "latin_to_native") for k in _KS]
        table.add_row(language, str(figures["pairs"]), *(f"{value:.3f}" for value in shown))
    out.print(table)


@dataclass(frozen=True, slots=True)
class _Pool:
    """Further names to search among: encoded once for all languages, in parts, for reading takes memory, too.

    Attributes:
        places: name -> row.
        vectors: shape (n, width).
    """

    places: dict[str, int]
    vectors: Vectors

    @classmethod
    def of(cls, names: Iterable[str]) -> _Pool:
        """Return the pool of the distinct names."""
        places = {name: row for row, name in enumerate(dict.fromkeys(names))}
        distinct, encoder = list(places), NameEncoder.load()
        vectors = np.empty((len(distinct), encoder.width), dtype=np.float32)
        for start in range(0, len(distinct), _ENCODED_AT_ONCE):
            part = distinct[start : start + _ENCODED_AT_ONCE]
            vectors[start : start + len(part)] = encoder.encode(part)
        return cls(places, vectors)


def _retrieval(queries: list[str], targets: list[str], pool: _Pool) -> dict[str, float]:
    """Return recall among the distinct targets and the pool; a target text shared by several pairs counts for each."""
    place = {name: number for number, name in enumerate(dict.fromkeys(targets))}
    encoder = NameEncoder.load()
    vectors, gallery = encoder.encode(queries), encoder.encode(list(place))
    own = own_scores(vectors, gallery, np.array([place[target] for target in targets], dtype=np.int64))
    # A target that the pool holds as well is one candidate, not two.
    twice = pool.vectors[[pool.places[name] for name in place if name in pool.places]]
    reached = sum(count_reaching(vectors, part, own) for part in (gallery, pool.vectors))
    return recall_at(reached - count_reaching(vectors, twice, own) - 1, _KS)


@app.command(name="name-pairs")
def name_pairs(
    pairs: Annotated[Path, typer.Argument(help="CSV with the columns name1, name2, is_match.", exists=True)],
    as_json: Json = False,
) -> None:
    """Precision, recall and F1 of the default decision on pairs of names, with no other evidence."""
    with plain_errors():
        rows = list(rows_of(pairs, ",", ("name1", "name2", "is_match")))
        truth = np.array([yes_or_no(row["is_match"], "is_match", n) for n, row in enumerate(rows, 2)], dtype=np.bool_)
        table = NameTable.build(name for row in rows for name in (row["name1"], row["name2"]))
        left = np.array([table.ids[row["name1"]] for row in rows], dtype=np.int64)
        right = np.array([table.ids[row["name2"]] for row in rows], dtype=np.int64)
        score = compare_batch(table, left, right).similarity.astype(np.float64)
    at, best = decide(score, truth, NAME_MATCH_THRESHOLD), best_decision(score, truth)
    _show(
        {
            "pairs": len(rows),
            "precision": at.precision,
            "recall": at.recall,
            "f1": at.f1,
            "accuracy": float(((score >= NAME_MATCH_THRESHOLD) == truth).mean()) if len(rows) else 0.0,
            "threshold": NAME_MATCH_THRESHOLD,
            "best_f1": best.f1,
            "best_threshold": best.threshold,
            "auc": area_under_curve(score, truth),
        },
        as_json,
    )


def _show(figures: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(figures)
        return
    table = Table("figure", "value")
    for name, value in figures.items():
        if not isinstance(value, (dict, list)):
            table.add_row(name, f"{value:.4f}" if isinstance(value, float) else str(value))
    out.print(table)
