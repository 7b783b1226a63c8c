"""bulletins: missing children shown to chosen partners, by an authority's leave, and taken down when they are found."""
