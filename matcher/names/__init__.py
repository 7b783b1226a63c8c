"""Names: normalised, romanised, folded, aligned, encoded; in every script of the region."""

from matcher.names.alignment import NAME_MATCH_THRESHOLD, NameEvidence, compare_names, name_similarity
from matcher.names.encoder import NameEncoder
from matcher.names.romanize import romanize

__all__ = ["NAME_MATCH_THRESHOLD", "NameEncoder", "NameEvidence", "compare_names", "name_similarity", "romanize"]
