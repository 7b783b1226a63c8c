"""One attribute, one file, one question; the comparisons of the shipped model in the order in which they are shown."""

from matcher.compare.attributes import HEIGHT, IDENTIFIERS, LANGUAGES, PHONES, POSTCODE, SEX
from matcher.compare.carried import BELONGINGS, CLOTHING
from matcher.compare.community import COMMUNITY
from matcher.compare.dates import AGE, BIRTH, EVENTS
from matcher.compare.faces import FACE
from matcher.compare.marks import MARKS
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
    AGE,
    ORIGIN,
    REMEMBERED,
    ADDRESS,
    POSTCODE,
    LANGUAGES,
    COMMUNITY,
    HEIGHT,
    MARKS,
    CLOTHING,
    BELONGINGS,
    PHONES,
    IDENTIFIERS,
    EVENTS,
    FACE,
)
