"""The catalogue: what can be installed, as data."""
