"""The nightly cross-match: how it runs and resumes, when, in how much memory, and what it reports."""
