"""Templates in the formats of other tools."""
