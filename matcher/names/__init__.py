"""Names: normalised, romanised, folded, aligned, encoded; in every script of the region."""
