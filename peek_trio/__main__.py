"""`python -m peek_trio`: the command line."""

import sys


def main() -> int:
    """Run the command that the arguments name; returns the exit code."""
    from peek_trio.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
