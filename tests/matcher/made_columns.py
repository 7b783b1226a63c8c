"""What do columns say of each record? In words, for other tables number things otherwise."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from matcher.carried import read_items
from matcher.columns import LANGUAGES_KEPT, RecordColumns
from matcher.gathering import AREAS, CARRIED, NAMES, TEXTS


def said(columns: RecordColumns) -> list[dict[str, Any]]:
    """Return what columns say of each record, without any number that another table could have given otherwise."""
    out = []
    for row in range(len(columns)):
        one: dict[str, Any] = {"id": columns.ids[row]}
        for field in fields(RecordColumns):
            value = getattr(columns, field.name)
            if isinstance(value, np.ndarray) and len(value) == len(columns) and not field.name.startswith("face"):
                one[field.name] = value[row].tolist()
        for name in NAMES:
            one[name] = [called(columns.names, number) for number in one[name]]
        for name in TEXTS:
            one[name] = [called(columns.texts, number) for number in np.ravel(one[name]).tolist()]
        for name in AREAS:
            one[name] = [columns.area_paths[code] if code >= 0 else None for code in np.ravel(one[name]).tolist()]
        for name in CARRIED:
            one[name] = read_items(columns.carried[one[name]]) if one[name] >= 0 else None
        one["community"] = columns.communities[one["community"]] if one["community"] >= 0 else None
        spoken = one.pop("languages")
        one["languages"] = {
            name for bit, name in enumerate(columns.language_names) if spoken >> min(bit, LANGUAGES_KEPT - 1) & 1
        }
        one["height"] = str(one["height"])
        one["extras"] = {
            name: called(columns.texts, int(column[row])) for name, column in columns.extras.items() if column[row] >= 0
        }
        one["faces"] = [
            (
                columns.face_model_names[columns.face_models[face]],
                np.trim_zeros(columns.face_vectors[face], "b").tolist(),
                int(columns.face_taken[face]),
                bool(columns.face_weak[face]),
            )
            for face in columns.faces[row]
            if face >= 0
        ]
        out.append(one)
    return out


def called(table: Any, number: int) -> Any:
    """Return all that a table says of one of its texts."""
    if number < 0:
        return None
    words = [table.vocabulary[word] if word >= 0 else None for word in table.tokens[number]]
    letters = [table.codes[word].tolist() for word in table.tokens[number] if word >= 0]
    joined = table.vocabulary[table.joined[number]] if len(table.joined) and table.joined[number] >= 0 else None
    script = table.script_names[table.scripts[number]]
    sizes = table.weights[number].tolist(), table.initials[number].tolist()
    text = table.names[number] if len(table.joined) else int(table.keys[number])
    return text, words, letters, joined, script, int(table.written[number]), sizes
