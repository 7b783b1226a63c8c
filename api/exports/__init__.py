"""Files out: an owner's cases as CSV, Excel, JSON Lines or PFIF."""
