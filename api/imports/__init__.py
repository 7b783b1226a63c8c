"""Files in: rows to cases, rejects with reasons."""
