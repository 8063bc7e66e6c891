"""Where the program begins: `builder`, or python -m builder."""

import gc

# Imports alone wake the collector dozens of times, for nothing: a twentieth of a short command.
gc.set_threshold(50_000)

from builder.cli.app import main  # noqa: E402

if __name__ == "__main__":
    main()
