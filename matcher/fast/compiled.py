"""How does a plain loop become machine code? By numba, once for each machine; the code is kept beside the package.

What a compiled function needs besides arrays (costs of letters, thresholds) comes in as an argument, never as a
module's constant: constants are burnt into the code that is kept, and would outlive a change of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import cgutils as _cgutils
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])
Rows = npt.NDArray[Any]
Record = Any
"""One row of a structured array, as a compiled function sees it."""
Number = Any
"""A number, as a compiled function sees it: its width is that of the array that it comes from."""
_LINE = 64  # bytes the processor fetches at once


cgutils: Any = _cgutils
_config: Any = numba.config
_make: Any = numba.njit


@lru_cache(maxsize=1)
def _folder() -> str:
    """Return where compiled code of these very sources is kept: a function knows of no change in one that it calls."""
    here = Path(__file__).parent
    sources = blake2b(digest_size=8)
    for path in sorted(here.glob("*.py")):
        sources.update(path.read_bytes())
    kept = Path(_config.CACHE_DIR) if _config.CACHE_DIR else here / "__pycache__"
    return str(kept / f"compiled-{sources.hexdigest()}")


def compiled(function: F) -> F:
    """Return the function as machine code that lets other threads run; its types are those of the first call."""
    before, _config.CACHE_DIR = _config.CACHE_DIR, _folder()
    try:
        made: F = _make(nogil=True, cache=True)(function)
    except RuntimeError:  # nowhere to keep it: each process compiles anew
        made = _make(nogil=True)(function)
    finally:
        _config.CACHE_DIR = before
    return made


def _count(_context: Any, _number: Any) -> Any:
    uint64, int64 = numba.types.uint64, numba.types.int64
    return int64(uint64), lambda _target, builder, _signature, args: builder.ctpop(args[0])


bits_set: Any = intrinsic(_count)
"""Returns how many bits of a 64-bit number are set; to be called by compiled functions only."""


def _fetch(_context: Any, array: Any, _row: Any) -> Any:
    """Ask for a row of a table of bytes, line by line; nothing is waited for."""
    int64 = numba.types.int64

    def made(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        held = context.make_array(signature.args[0])(context, builder, arguments[0])
        shape, strides = (cgutils.unpack_tuple(builder, part) for part in (held.shape, held.strides))
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        begin = builder.bitcast(held.data, byte)
        begin = builder.gep(begin, [builder.mul(arguments[1], strides[0])])
        asked = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        ask = builder.module.declare_intrinsic("llvm.prefetch", (byte,), asked)
        with cgutils.for_range_slice(builder, word64(0), shape[1], word64(_LINE)) as (place, _):
            builder.call(ask, [builder.gep(begin, [place]), word(0), word(3), word(1)])
        return context.get_dummy_value()

    word64 = ir.IntType(64)
    return numba.types.void(array, int64), made


fetch: Any = intrinsic(_fetch)
"""Asks for a row, to be called by compiled functions only: of a table of bytes, contiguous, and the row's number."""


def aligned(count: int, dtype: np.dtype[Any]) -> Rows:
    """Return zeros that begin where a line of the processor's cache begins: a row of one line takes one fetch."""
    raw = np.zeros(count * dtype.itemsize + _LINE, dtype=np.uint8)
    start = -raw.ctypes.data % _LINE
    return raw[start : start + count * dtype.itemsize].view(dtype)
