"""This machine: what it has, what it lacks, services for a while."""
