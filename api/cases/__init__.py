"""Cases: a missing report or a rescued person, as entered by its owner."""
