"""Command line: python -m heatstream_analysis COMMAND RUN."""

import sys

from heatstream_analysis.commands import main

if __name__ == "__main__":
    sys.exit(main())
