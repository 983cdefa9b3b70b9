"""What the command `pydl` starts: it imports the library where Ctrl-C and a wrong setting are still one line."""

import os
import signal
import sys
from types import FrameType

SETTINGS = ("PYDL_NUM_THREADS", "PYDL_ISA")


def main() -> int:
    """The exit status of the command, as `pydl.cli.main`; 2 where the library refuses a setting."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _stop)
    try:
        from pydl.cli import main as command
    except (ImportError, ValueError) as error:
        if any(f"[{name}]" in str(error) for name in SETTINGS):
            print(f"pydl: {' '.join(str(error).split())}", file=sys.stderr)
            return 2
        raise
    signal.signal(signal.SIGINT, before)
    return command()


def _stop(signum: int, frame: FrameType | None) -> None:
    # Not an exception: compiled modules that are being imported turn one into an ImportError.
    os.write(2, b"pydl: interrupted\n")
    os._exit(130)
