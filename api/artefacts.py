"""How is a model that ships written down? With its hash beside it, which every load checks."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path


def write_artefact(folder: Path, name: str, content: bytes) -> Path:
    """Write a model file into a folder and its SHA-256 into the folder's `CHECKSUMS.json`; return the file's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    sums_path = folder / "CHECKSUMS.json"
    sums = json.loads(sums_path.read_text(encoding="utf-8")) if sums_path.is_file() else {}
    sums[name] = hashlib.sha256(content).hexdigest()
    sums_path.write_text(json.dumps(sums, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return path
