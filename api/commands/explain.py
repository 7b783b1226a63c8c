"""`sandhan explain`: why does the engine think so? The waterfall, what would change the grade, what to ask next."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.console import fail, out
from api.commands.context import act_as, load_settings, services
from api.matches.views import MatchView
from matcher.explaining.language import LANGUAGES, choose_language
from matcher.explaining.waterfall import waterfall_text
from matcher.explaining.wording import wording
from matcher.scoring import Contribution

WIDEST = 100
_Partner = Annotated[str | None, typer.Option(help="Partner you act for, by id or name; the audit log says so.")]


def explain(
    match_id: Annotated[str, typer.Argument(help="Id of a possible match.")],
    partner: _Partner = None,
    language: Annotated[str | None, typer.Option(help=f"One of {', '.join(LANGUAGES)}.")] = None,
    svg: Annotated[Path | None, typer.Option(help="Also write the waterfall as a picture into this file.")] = None,
) -> None:
    """Show how the evidence of a possible match adds up, what would change its grade, and what to ask next."""
    with services(load_settings()) as sandhan:
        scope = act_as(sandhan, partner)
        view = sandhan.reader.read(match_id, scope, [language])
        print_explanation(view, out.width)
        if svg is not None:
            picture = sandhan.reader.waterfall(match_id, scope, [language])
            try:
                svg.write_text(picture, encoding="utf-8")
            except OSError as error:
                fail(f"--svg: {svg} cannot be written ({error.strerror})")


def print_explanation(view: MatchView, width: int) -> None:
    """Print an explanation in the language of the view, at most a hundred columns wide."""
    words = wording(choose_language(view.language))
    width = min(width, WIDEST)
    contributions = [Contribution(part.comparison, part.label, part.bits, part.level) for part in view.contributions]
    text = waterfall_text(contributions, view.grade, view.probability, width=width, language=words.language)
    # Columns are counted already: the console must neither wrap nor style what stands here.
    out.print(f"[bold]{words.say('waterfall.title')}[/]")
    out.print(text, markup=False, soft_wrap=True)
    if view.what_would_change:
        out.print(f"\n[bold]{words.say('heading.change')}[/]")
        for sentence in view.what_would_change:
            out.print(f"• {sentence}", markup=False, width=width)
    question = view.next_question
    out.print(f"\n[bold]{words.say('heading.question')}[/]")
    out.print(question.question if question else words.say("heading.no_question"), markup=False, width=width)
    out.print(f"\n{view.notice}", markup=False, style="dim", width=width)
