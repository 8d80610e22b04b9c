"""`python -m models <command>`."""

import sys

from models.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
