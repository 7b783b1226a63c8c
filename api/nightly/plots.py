"""How are figures drawn in reports? Each plot writes its numbers beside its bars, and says them in words as well.

So nothing has to be measured by eye, a page can be printed in grey, and who cannot see it hears it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

_WIDTH, _ROW, _BAR = 360, 44, 16  # units of a plot; a row is a line of text with its bar below
_PLAIN = "#2f6f9f"
_COLOURS = {
    "certain": "#1b6e3c", "probable": "#2f6f9f", "possible": "#6f757d",
    "certainly-not": "#a8581a",
    "new": "#1b6e3c", "risen": "#2f6f9f", "fallen": "#a8581a", "withdrawn": "#6f757d",
}  # fmt: skip
STYLE: Final = """\
body { font: 16px/1.5 system-ui, sans-serif; color: #1c1e21; background: #fff; max-width: 52rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { line-height: 1.2; margin-bottom: .5rem; }
h2 { font-size: 1.1rem; margin: 0 0 .5rem; break-after: avoid; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 2rem;
  margin: 2rem 0; }
section { break-inside: avoid; min-width: 0; }
svg { display: block; width: 100%; max-width: 28rem; height: auto; }
svg text { fill: #1c1e21; font-size: 15px; }
svg .figure { text-anchor: end; font-variant-numeric: tabular-nums; }
rect { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
table { border-collapse: collapse; }
th { text-align: left; font-weight: 400; padding: .15rem 1.5rem .15rem 0; }
td { text-align: right; font-variant-numeric: tabular-nums; }
.list { width: 100%; margin-bottom: 1.5rem; }
.list th, .list td { text-align: left; vertical-align: top; padding: .35rem 1rem .35rem 0;
  border-bottom: 1px solid #d5d8dc; }
.list thead th { font-weight: 600; }
.list .id { overflow-wrap: anywhere; min-width: 7.5rem; }
.legend { margin: 0 0 .5rem; font-size: .9rem; }
.legend span { white-space: nowrap; margin-right: 1rem; }
.legend svg { display: inline-block; width: .8em; height: .8em; margin-right: .35em; }
.wide { overflow-x: auto; }
@media print {
  body { margin: 0; max-width: none; font-size: 11pt; }
  .plots { gap: 1rem; }
  dt { break-after: avoid; }
}
"""


_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def page(title: str, body: str) -> str:
    """Return a whole page around a body of HTML; it needs no network, no script and no other file."""
    return _PAGE.format(title=escape(title), style=STYLE, body=body)


def words(meanings: Mapping[str, str]) -> str:
    """Return a list of words and what they mean."""
    listed = "\n".join(f"<dt>{escape(word)}</dt><dd>{escape(meaning)}</dd>" for word, meaning in meanings.items())
    return f"<h2>What the words mean</h2>\n<dl>\n{listed}\n</dl>"


def table(title: str, rows: Mapping[str, str]) -> str:
    """Return one row for each name and its figure."""
    body = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(text)}</td></tr>' for name, text in rows.items()
    )
    return f"<section>\n<h2>{escape(title)}</h2>\n<table>\n{body}\n</table>\n</section>"


def bars(title: str, rows: Sequence[tuple[str, float, str]]) -> str:
    """Return a plot with one bar for each row: its name, its length, and what is written beside it."""
    return stacked(title, [(name, {name: length}, text) for name, length, text in rows])


def stacked(title: str, rows: Sequence[tuple[str, Mapping[str, float], str]]) -> str:
    """Return a plot whose bars have parts; the description says the same in words, for those who cannot see it.

    Args:
        rows: name, length of each part by the name of its colour, and what is written beside it.
    """
    if not rows:
        return f"<section>\n<h2>{escape(title)}</h2>\n<p>None.</p>\n</section>"
    most = max(sum(parts.values()) for _, parts, _ in rows) or 1
    drawn = []
    for number, (name, parts, text) in enumerate(rows):
        top = number * _ROW
        drawn.append(
            f'<text x="0" y="{top + 16}">{escape(name)}</text>'
            f'<text x="{_WIDTH}" y="{top + 16}" class="figure">{escape(text)}</text>'
            f'<path d="M0 {top + 22}v{_BAR}" stroke="#1c1e21"/>'
        )
        left = 0.0
        for part, length in parts.items():
            width = _WIDTH * length / most
            drawn.append(
                f'<rect x="{left:.1f}" y="{top + 22}" width="{width:.1f}" height="{_BAR}" '
                f'fill="{_COLOURS.get(part, _PLAIN)}"/>'
            )
            left += width
    said = ", ".join(f"{name} {text}" for name, _, text in rows)
    label = "plot-" + title.lower().replace(" ", "-")
    return (
        f"<section>\n<h2>{escape(title)}</h2>\n{_legend(rows)}"
        f'<svg viewBox="0 0 {_WIDTH} {len(rows) * _ROW}" role="img" '
        f'aria-labelledby="{label}"><desc id="{label}">{escape(f"{title}: {said}")}</desc>{"".join(drawn)}</svg>\n'
        "</section>"
    )


def _legend(rows: Sequence[tuple[str, Mapping[str, float], str]]) -> str:
    """Return what the colours of parts mean; nothing for bars of one part, which stand beside their names."""
    seen = {part: None for _, parts, _ in rows if len(parts) > 1 for part, length in parts.items() if length}
    names = "".join(
        f'<span><svg viewBox="0 0 1 1" aria-hidden="true"><path d="M0 0h1v1H0z" fill="{_COLOURS.get(part, _PLAIN)}"/>'
        f"</svg>{escape(part.replace('-', ' '))}</span>"
        for part in seen
    )
    return f'<p class="legend">{names}</p>\n' if names else ""
