"""Makes `name_cases`, the names and strategies that these tests share, importable from every test beside it."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))
