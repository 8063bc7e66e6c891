"""What is written down of a build while it runs, and read again."""
