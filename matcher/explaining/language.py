"""Which of our languages does the reader read? What she asks for, her browser says, or her organisation prefers."""

from __future__ import annotations

ENGLISH = "en"
LANGUAGES = (ENGLISH, "hi", "bn", "as", "ne", "my")
# ISO 639-2 and 639-3 codes that forms and old browsers send for the same languages.
_LONG_CODES = {
    "eng": "en", "hin": "hi", "ben": "bn", "asm": "as", "nep": "ne", "npi": "ne", "mya": "my", "bur": "my",
}  # fmt: skip
_LONGEST_WISH = 500


def choose_language(*wishes: str | None) -> str:
    """Return the language of the first wish that names one of ours, English where none does.

    Args:
        wishes: BCP 47 tags (`"hi"`, `"bn-BD"`) or whole `Accept-Language` headers, the most binding first; None and
            what cannot be read are passed over, for a reader must get an explanation whatever a browser sends.
    """
    for wish in wishes:
        for tag in _by_preference((wish or "")[:_LONGEST_WISH]):
            primary = tag.replace("_", "-").split("-")[0].casefold()
            language = _LONG_CODES.get(primary, primary)
            if language in LANGUAGES:
                return language
    return ENGLISH


def _by_preference(wish: str) -> list[str]:
    """Return the tags of a header, the preferred first; those with a quality of 0 are refused by the reader."""
    weighted: list[tuple[float, str]] = []
    for part in wish.split(","):
        tag, _, parameters = part.partition(";")
        quality = _quality(parameters)
        if tag.strip() and quality > 0:
            weighted.append((quality, tag.strip()))
    return [tag for _, tag in sorted(weighted, key=lambda pair: -pair[0])]


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().casefold() != "q":
        return 1.0
    try:
        quality = float(value)
    except ValueError:
        return 0.0  # a preference that cannot be read is none
    return quality if 0.0 < quality <= 1.0 else 0.0
