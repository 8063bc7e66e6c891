"""Run the command line: python -m builder."""

from builder.cli.app import main

main()
