"""What is in a template, and who vouches for it."""
