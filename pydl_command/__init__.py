"""The console script `pydl`, outside the package so that it can say in a line what keeps the package from loading."""

import sys


def main() -> int:
    """Run the command line; the exit status, which is 2 for an environment variable that cannot be."""
    try:
        from pydl.cli import main as command
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except (ImportError, ValueError) as error:
        text = " ".join(str(error).split())
        return _fail(text, 2 if text.startswith("[PYDL_") else 1)
    return command()


def _fail(text: str, status: int) -> int:
    print(f"pydl: {text}", file=sys.stderr)
    return status
