"""`python -m peek_trio`: the command line."""

import sys


def main() -> int:
    """Run the command that the arguments name; returns the exit code."""
    try:
        from peek_trio.cli import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # while modules were still being imported, or on the very way out
        return 130


if __name__ == "__main__":
    sys.exit(main())
