"""Who is told of a run, of what, and how."""
