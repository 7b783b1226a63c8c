"""What shapes letters is part of a name; what hides, turns or breaks a line is not."""

from __future__ import annotations

import pytest

from matcher.names.one_line import is_one_line

WRITTEN_SO = [
    "র\u200d্যাব ঢাকা",  # Bengali: the RAB
    "গর\u200d্ভ",
    "ক\u200cষ সংস্থা",
    "गर\u094d\u200dयो संस्था",  # Nepali: the eyelash ra
    "शक\u094d\u200cति",
    "അവന\u0d4d\u200d",  # Malayalam: a chillu of old, at the end of the word
    "ශ\u0dca\u200dරී",  # Sinhala
    "خانه\u200cها",
    "ကလေး\u200bသူငယ်\u200bအဖွဲ့",  # Burmese: where a line may be broken
    "အဖွဲ့\u200cအစည်း",
    "เด็ก\u200bไทย",
    "Maiti Nepal, D'Souza-Nguyễn & Söhne (e. V.) ☎",
    "",
]
HIDDEN = [
    "line\nbreak", "tab\there", "\x00", "bell\x07", "\u2028", "\u2029", "\x85",
    "\u202eright to left", "\u200eMark", "a\u200fb", "\u2066isolate\u2069", "\u061cnote",
    "Ro\u200dse", "Ro\u200cse", "Ro\u200bse", "\u200dstart", "\u200b", "12\u200d3", "सं \u200dस्था",
    "র\u200d\u200d্যাব", "র\u200c\u200dয", "गर\u200bयो", "\u1019\u200b\u200b\u1019", "soft\u00adhyphen", "\ufeffmark",
    "\U0001f468\u200d\U0001f469", "private\ue000", "lone\ud800",
]  # fmt: skip


@pytest.mark.parametrize("text", WRITTEN_SO)
def test_what_shapes_letters_is_written(text: str) -> None:
    assert is_one_line(text)


@pytest.mark.parametrize("text", HIDDEN)
def test_what_hides_or_breaks_a_line_is_not(text: str) -> None:
    assert not is_one_line(text)


def test_without_joiners_it_is_as_strict_as_printing() -> None:
    for point in range(0x110000):
        char = chr(point)
        if char not in "\u200b\u200c\u200d":
            assert is_one_line(char) == char.isprintable(), hex(point)
