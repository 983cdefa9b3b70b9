"""Every kernel at every size against the best plain NumPy: the full form of `pydl bench`.

python benchmarks/kernels.py [--filter TEXT] [--threads N] [--seconds S] [--markdown] [--json FILE]
"""

import sys

from pydl.benchmark import main

if __name__ == "__main__":
    sys.exit(main(["--full", *sys.argv[1:]]))
