"""matcher: how alike are two people? Pure computation over records; knows no database, no web, no index."""
