"""Pairs of one side: one person in the records of two units, one suspect known to two."""
