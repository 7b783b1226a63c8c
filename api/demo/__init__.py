"""The demonstration: a seeded population, one rescue, its matches, its alerts. Nobody in it exists."""
