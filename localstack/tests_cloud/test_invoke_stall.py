"""A warm call answers as fast as the function does."""

from __future__ import annotations

import statistics
import time
import urllib.request

from conftest import Cloud


def test_a_warm_call_takes_milliseconds(cloud: Cloud) -> None:
    url = f"{cloud.api}things/1"
    urllib.request.urlopen(url).read()

    def call() -> float:
        began = time.perf_counter()
        urllib.request.urlopen(url).read()
        return time.perf_counter() - began

    assert statistics.median(call() for _ in range(20)) < 0.03
