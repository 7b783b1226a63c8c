"""indexing: which two people should be compared? Candidate retrieval over vectors; knows no web."""
