"""Partners: organisations, their jurisdictions and keys."""
