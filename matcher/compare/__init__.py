"""One attribute, one file, one question; the comparisons of the shipped model in the order in which they are shown."""

from matcher.compare.attributes import HEIGHT, IDENTIFIERS, LANGUAGES, MARKS, PHONES, POSTCODE, SEX
from matcher.compare.dates import BIRTH, EVENTS
from matcher.compare.faces import FACE
from matcher.compare.names import FATHER, MOTHER, NAME, RELATIVE
from matcher.compare.places import ADDRESS, ORIGIN, REMEMBERED
from matcher.comparison import Comparison

COMPARISONS: tuple[Comparison, ...] = (
    NAME,
    FATHER,
    MOTHER,
    RELATIVE,
    SEX,
    BIRTH,
    ORIGIN,
    REMEMBERED,
    ADDRESS,
    POSTCODE,
    LANGUAGES,
    HEIGHT,
    MARKS,
    PHONES,
    IDENTIFIERS,
    EVENTS,
    FACE,
)
