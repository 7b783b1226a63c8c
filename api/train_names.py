"""How is the shipped name encoder made? From pairs of spellings: given files, our own tables, CLDR's cities.

`sandhan train names --pairs FILE...` runs this. Half of CLDR's cities are never learned from, so that they can measure
(`benchmarks/quality/names.py`); a pair whose two sides do not sound at all alike is a translation and is left out.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein

from api.artefacts import write_artefact
from matcher.errors import SandhanError
from matcher.names.augment import in_arabic, shifted
from matcher.names.brahmic import BLOCK_START
from matcher.names.encoder import ARTEFACT, NameEncoder, Vectors, main_directions
from matcher.names.learning import Concept, Settings, learn
from matcher.names.phonetics import fold
from matcher.names.romanize import romanize
from matcher.names.script import main_script
from matcher.reference import alternatives, read_table, table_names

ENCODER_ID = "learned-phonetic-2"
_PEOPLE = {"BD": "bn", "IN-WB": "bn", "IN-AS": "as", "IN-BR": "hi", "MM": "my", "NP": "ne", "IN-ML": "kha"}
_PLACES = {"BD": "bn", "IN": "hi", "MM": "my", "NP": "ne"}
_SCRIPT_LANGUAGES = {"Beng": "bn", "Deva": "hi", "Mymr": "my", "Orya": "or"}
CLDR_LANGUAGES = (
    *("as", "bn", "ne", "my", "hi", "mr", "gu", "pa", "or", "te", "kn", "ml", "ta", "si", "th", "lo", "km", "ur", "sd"),
    *("ks", "dz", "sat"),
)
_ALIKE = 0.4
# Scripts that leave sounds unwritten, or whose spelling is far from the sound, are given more room.
_ALIKE_IN = {"ar": 0.25, "km": 0.25, "dz": 0.25, "sat": 0.25, "th": 0.3, "lo": 0.3, "ur": 0.35, "my": 0.2}
_HEARD_IN_ARABIC = frozenset({"hi", "bn", "ne", "ur", "mr", "pa", "gu", "ta", "te", "ml"})
_ARABIC_NAMES = 2500
_NAME_KINDS = frozenset({"given", "surname", "middle", "full"})


class PairsProblem(SandhanError):
    """A file of pairs cannot be used."""

    code = "pairs_problem"


@dataclass(frozen=True, slots=True)
class SpellingPair:
    """One native spelling and the Latin spellings of the same name.

    Attributes:
        lang: BCP 47.
        kind: given, surname, middle, full, token or place.
        native: as written.
        latin: the usual spelling first.
    """

    lang: str
    kind: str
    native: str
    latin: tuple[str, ...]


def read_pairs(path: Path) -> Iterator[SpellingPair]:
    """Yield the pairs of a TSV with the columns native_script, latin, lang, and kind if it has one.

    A file of entities in three languages (urdu, english_label, hindi) is understood as well.

    Raises:
        PairsProblem: a column is missing, or the file is not UTF-8.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise PairsProblem(f"{path.name} is not UTF-8") from error
    lines = (line for line in io.StringIO(text, newline="") if not line.startswith("#"))
    reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    columns = set(reader.fieldnames or ())
    if {"urdu", "english_label", "hindi"} <= columns:
        for row in reader:
            for lang, native in (("ur", row["urdu"]), ("hi", row["hindi"])):
                yield SpellingPair(lang, "token", native, (row["english_label"],))
        return
    missing = {"native_script", "latin", "lang"} - columns
    if missing:
        raise PairsProblem(f"{path.name} has no column {', '.join(sorted(missing))}")
    for row in reader:
        yield SpellingPair(row["lang"], row.get("kind") or "token", row["native_script"], (row["latin"],))


def own_pairs() -> Iterator[SpellingPair]:
    """Yield the pairs of this project's own reference tables: names, people, equivalents, places."""
    for table in table_names("names/pairs"):
        for row in read_table(table):
            yield SpellingPair(row["lang"], row["kind"], row["native_script"], alternatives(row["latin"]))
    for kind in ("given", "surnames", "nicknames"):
        for area, lang in _PEOPLE.items():
            for row in read_table(f"people/{kind}_{area}.tsv"):
                name = "surname" if kind == "surnames" else "given"
                yield SpellingPair(lang, name, row["native"], (row["latin"], *alternatives(row["variants"])))
    for row in read_table("names/equivalents.tsv"):
        for native in alternatives(row["native"]):
            spoken = _SCRIPT_LANGUAGES.get(main_script(native))
            if spoken:
                yield SpellingPair(spoken, "surname", native, (row["canonical"], *alternatives(row["variants"])))
    for country, lang in _PLACES.items():
        for row in read_table(f"places/gazetteer_{country}.tsv"):
            for native in alternatives(row["native"]):
                if not native.isascii():
                    written = "bn" if main_script(native) == "Beng" else lang
                    yield SpellingPair(written, "place", native, (row["latin"], *alternatives(row["variants"])))


def held_out(zone: str) -> bool:
    """Return whether a city of CLDR (by its time zone, e.g. Asia/Kolkata) is kept for measuring."""
    return bool(hashlib.sha256(zone.encode()).digest()[0] % 2)


def cldr_cities(lang: str) -> Iterator[tuple[str, str, str]]:
    """Yield (zone, native, English) of the cities that CLDR writes in a language.

    Raises:
        ImportError: Babel is not installed (`pip install sandhan[train]`).
    """
    from babel import Locale

    english = Locale("en")._data["time_zones"]
    for zone, names in Locale(lang)._data["time_zones"].items():
        native = names.get("city")
        if native and not native.isascii():
            yield zone, native, english.get(zone, {}).get("city") or zone.split("/")[-1].replace("_", " ")


def cldr_pairs() -> Iterator[SpellingPair]:
    """Yield the cities of the half that is learned from, and the territories, of every language of the region."""
    from babel import Locale

    english = Locale("en").territories
    for lang in CLDR_LANGUAGES:
        for zone, native, latin in cldr_cities(lang):
            if not held_out(zone):
                yield SpellingPair(lang, "place", native, (latin,))
        for code, native in Locale(lang).territories.items():
            if code.isalpha() and code in english and not native.isascii():
                yield SpellingPair(lang, "place", native, (english[code],))


def concepts_of(pairs: Iterable[SpellingPair], seed: int, without: frozenset[str] = frozenset()) -> list[Concept]:
    """Return the names to learn from: pairs of one native spelling joined, translations left out, scripts added.

    Args:
        pairs: in any order; the order decides which Latin spelling is the usual one.
        seed: decides to which scripts a name is moved.
        without: native or Latin spellings (casefolded) that must not be learned from.
    """
    usable = [
        pair
        for pair in pairs
        if pair.native.strip()
        and any(latin.strip() for latin in pair.latin)
        and pair.native.casefold() not in without
        and not any(latin.casefold() in without for latin in pair.latin)
    ]
    found: dict[tuple[str, str], tuple[str, list[str]]] = {}
    for pair in usable:
        if pair.kind not in _NAME_KINDS and _likeness(pair) < _ALIKE_IN.get(pair.lang, _ALIKE):
            continue
        _, latin = found.setdefault((pair.lang, pair.native.strip()), (pair.kind, []))
        known = {text.casefold() for text in latin}
        latin.extend(text for text in dict.fromkeys(pair.latin) if text.strip() and text.casefold() not in known)
    rng = random.Random(seed)
    concepts = [
        Concept(lang, _in_other_scripts(native, kind, rng), tuple(latin), whole=kind == "full")
        for (lang, native), (kind, latin) in found.items()
    ]
    # Few lists hold names of South Asia as Arabic papers write them, so some are written here.
    heard = [latin for (lang, _), (kind, latin) in found.items() if lang in _HEARD_IN_ARABIC and kind in _NAME_KINDS]
    for latin in rng.sample(heard, min(len(heard), _ARABIC_NAMES)):
        spellings = tuple(dict.fromkeys(in_arabic(rng.choice(latin), rng) for _ in range(3)))
        if all(spellings):
            concepts.append(Concept("ar", spellings, tuple(latin)))
    return concepts


def _likeness(pair: SpellingPair) -> float:
    """Return how alike the two sides of a pair sound, in [0, 1]."""
    native, latin = (fold(romanize(text).replace(" ", "")) for text in (pair.native, pair.latin[0]))
    return Levenshtein.normalized_similarity(native, latin)


def _in_other_scripts(native: str, kind: str, rng: random.Random) -> tuple[str, ...]:
    """Return a native spelling and, of Devanagari and Bengali names, the same in half of the parallel scripts."""
    script = main_script(native)
    if script not in ("Deva", "Beng") or kind == "place" or "." in native:
        return (native,)
    others = [code for code in BLOCK_START if code != script and rng.random() < (0.6 if code == "Taml" else 0.5)]
    return (native, *(shifted(native, code) for code in others))


@dataclass(frozen=True, slots=True)
class TrainedNames:
    """A table and what it was made from."""

    table: Vectors
    concepts: dict[str, int]
    settings: Settings


def train_names(
    files: Sequence[Path],
    settings: Settings,
    hold_out: Path | None = None,
    report: Callable[[int, float], None] = lambda _step, _loss: None,
) -> TrainedNames:
    """Return the learned table.

    Args:
        files: TSV files of pairs.
        settings: of the learning.
        hold_out: a text file whose words and lines (tabs and `|` separate) must not be learned from.
        report: as of `learn`.
    """
    without: frozenset[str] = frozenset()
    if hold_out is not None:
        cells = hold_out.read_text(encoding="utf-8-sig").replace("|", "\t").replace("\n", "\t").split("\t")
        without = frozenset(cell.strip().casefold() for cell in cells if cell.strip())
    given = [pair for path in files for pair in read_pairs(path)]
    concepts = concepts_of([*given, *own_pairs(), *cldr_pairs()], settings.seed, without)
    counts: dict[str, int] = {}
    for concept in concepts:
        counts[concept.lang] = counts.get(concept.lang, 0) + 1
    table = learn(concepts, settings, report)
    names = tuple(dict.fromkeys(text for concept in concepts for text in (concept.native[0], concept.latin[0])))
    # Turned, so that the first half of the dimensions will do where fewer are wanted.
    turned = table @ main_directions(NameEncoder(table, ENCODER_ID).encode(names))
    return TrainedNames(turned, dict(sorted(counts.items())), settings)


def write_names(trained: TrainedNames, folder: Path) -> Path:
    """Write the artefact, its hash and what it was made from; return the artefact's path.

    Directions are kept as 8-bit integers, each row with its own scale: a quarter of the size, the same recall.
    """
    scales = np.abs(trained.table).max(axis=1) / np.float32(127)
    scales16 = np.maximum(scales, 1e-6).astype(np.float16)
    directions = np.clip(np.rint(trained.table / scales16.astype(np.float32)[:, None]), -127, 127).astype(np.int8)
    # Another table is another encoder: an index of one must not be searched with the other.
    encoder_id = f"{ENCODER_ID}-{hashlib.sha256(directions.tobytes() + scales16.tobytes()).hexdigest()[:8]}"
    packed = io.BytesIO()
    np.savez(packed, directions=directions, scales=scales16, encoder_id=np.array(encoder_id))
    made = {"encoder_id": encoder_id, "settings": asdict(trained.settings), "names": trained.concepts}
    path = write_artefact(folder, ARTEFACT, packed.getvalue())
    path.with_suffix(".json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    return path
