"""The protocol of a contestant's process. Requests and answers are lines of JSON.

The first answer holds the versions. A request names a photograph, and a folder if the files are wanted. Its answer
holds the time of the job in milliseconds, of wall clock and of all processors, from bytes in memory to bytes in
memory.
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
