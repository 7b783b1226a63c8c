"""What was worked out from the shipped tables at an earlier start, and need not be worked out again?

Thousands of names and places in a dozen scripts are read to make the tables that a look-up needs; the outcome is the
same at every start. It is kept beside the bytecode of this package, is trusted as that is, and is made anew when
anything changes that it may come from: a table, a line of the package, or what reads letters for it.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, wraps
from hashlib import blake2b
from importlib.util import cache_from_source
from pathlib import Path
from typing import ParamSpec, TypeVar

import anyascii

from matcher.reference import reference_files

P = ParamSpec("P")
T = TypeVar("T")


@lru_cache(maxsize=1)
def _origin() -> str:
    """Return a name for all that the shipped tables and this package are at present."""
    name = blake2b(f"{sys.version} {Path(anyascii.__file__).stat().st_mtime_ns}".encode(), digest_size=8)
    here = Path(__file__).parent
    for path in (*sorted(here.rglob("*.py")), *reference_files()):
        content = path.read_bytes()
        name.update(f"\0{path.name} {len(content)}\0".encode())
        name.update(content)
    return name.hexdigest()


def kept(make: Callable[P, T]) -> Callable[P, T]:
    """Return the function, whose outcome is kept from one process to the next; it depends on no argument but a class.

    Where nothing can be written, every process makes it for itself.
    """

    @wraps(make)
    def made(*args: P.args, **kwargs: P.kwargs) -> T:
        place = Path(cache_from_source(__file__)).parent
        name = f"{make.__module__}.{make.__qualname__}"
        path = place / f"{name}-{_origin()}.pickle"
        with suppress(OSError, EOFError, pickle.UnpicklingError):
            found: T = pickle.loads(path.read_bytes())
            return found
        found = make(*args, **kwargs)
        _write(path, pickle.dumps(found), [old for old in place.glob(f"{name}-*.pickle") if old != path])
        return found

    return made


def _write(path: Path, content: bytes, old: list[Path]) -> None:
    """Write a file all at once, in place of older ones."""
    unfinished = path.with_suffix(f".{os.getpid()}")
    # A read-only installation keeps nothing, and loses only time by it.
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(path)
        for one in old:
            one.unlink(missing_ok=True)
