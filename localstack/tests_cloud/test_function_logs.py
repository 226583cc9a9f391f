"""What a function says is in its own file, and stays there."""

from __future__ import annotations

import urllib.request

from conftest import Cloud, eventually


def test_a_functions_output_is_in_its_log(cloud: Cloud) -> None:
    urllib.request.urlopen(f"{cloud.api}things/1").read()
    log = cloud.settings.function_logs / "echo.log"
    eventually(lambda: log.read_text() if log.exists() else "", lambda text: "hello from echo" in text)
