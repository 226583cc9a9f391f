"""The routes that SAM describes exist, with their CORS."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import Cloud, eventually


def get(url: str, **options: object) -> dict[str, object]:
    with urllib.request.urlopen(urllib.request.Request(url, **options)) as response:  # type: ignore[arg-type]
        answer: dict[str, object] = json.load(response)
    return answer


def test_routes_reach_their_function_with_path_parameters(cloud: Cloud) -> None:
    answer = get(f"{cloud.api}things/42")
    assert (answer["route"], answer["parameters"]) == ("GET /things/{thing_id}", {"thing_id": "42"})
    assert get(f"{cloud.api}things", data=b"{}")["route"] == "POST /things"


def test_other_paths_and_methods_are_not_found(cloud: Cloud) -> None:
    for url, method in ((f"{cloud.api}other", "GET"), (f"{cloud.api}things/42", "DELETE")):
        with pytest.raises(urllib.error.HTTPError) as error:
            get(url, method=method)
        assert error.value.code == 404


def test_a_browser_is_told_what_it_may_do(cloud: Cloud) -> None:
    for origin in ("https://app.example", "https://other.example"):
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        request = urllib.request.Request(f"{cloud.api}things/1", method="OPTIONS", headers=headers)
        with urllib.request.urlopen(request) as response:
            assert response.headers["access-control-allow-origin"] == origin


def begun(cloud: Cloud) -> int:
    """How many calls that are to take their time have reached a function."""
    return len([event for event in cloud.seen("echo") if "sleep" in (event.get("queryStringParameters") or {})])


def test_slow_calls_do_not_delay_others(cloud: Cloud) -> None:
    get(f"{cloud.api}things/1")
    with ThreadPoolExecutor() as pool:
        slow = [pool.submit(get, f"{cloud.api}things/1?sleep=1.5") for _ in range(4)]
        eventually(lambda: begun(cloud), lambda number: number == 4)
        quick = get(f"{cloud.api}things/1")
        assert not any(call.done() for call in slow)
        processes = {answer.result()["pid"] for answer in slow}
    assert len(processes) == 4 and quick["pid"] not in processes
