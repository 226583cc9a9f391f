"""What every contestant's process is asked and answers, a line of JSON each.

The first line out tells the versions. A line in names a photograph, and a folder when the files are wanted; the line out tells
how many milliseconds of wall clock and of all its processors the job took, from bytes in memory to bytes in memory.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

SIZES = {"large": 1080, "medium": 640, "small": 150}
QUALITY = 85


def serve(versions: str, job: Callable[[bytes], dict[str, bytes]]) -> None:
    """Answers until there is nothing more to read."""
    print(json.dumps({"versions": versions}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        photograph = Path(order["photograph"]).read_bytes()
        cpu, wall = time.process_time(), time.perf_counter()
        files = job(photograph)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if order["keep"]:
            for name, data in files.items():
                Path(order["keep"], name).write_bytes(data)
        print(json.dumps({"wall": wall * 1000, "cpu": cpu * 1000}), flush=True)
