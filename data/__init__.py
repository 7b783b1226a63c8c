"""data: reference tables, shipped models and seeded synthetic people."""
