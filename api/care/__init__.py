"""Care: what happens to a person after the report."""
