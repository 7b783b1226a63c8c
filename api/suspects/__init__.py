"""Suspects: kept apart from the missing and the rescued, for police and coordination only."""
