"""Possible matches: found by the engine, decided by people."""
