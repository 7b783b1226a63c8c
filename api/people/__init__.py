"""People: who acts for a partner, how they sign in, and what they may do."""
