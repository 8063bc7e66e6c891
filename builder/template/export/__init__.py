"""Templates in the formats of other tools: a module a format, and a table of them."""
