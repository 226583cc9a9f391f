"""What `make up`, `make down` and the others do."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cloud import build, layout, processes, services, session, web
from cloud import pictures as fetched
from cloud.progress import step
from cloud.settings import HOST, Record, Refusal, Settings

# What is recorded of the demo's world.
_INCOMPLETE = "incomplete: `make up` resumes"
_COMPLETE = "complete"


def up(settings: Settings, *, demo: bool, say_how: bool = True) -> None:
    """Builds, starts what does not run, deploys what changed, seeds what is not there yet, and says how to use it."""
    began = time.monotonic()
    settings.state.mkdir(parents=True, exist_ok=True)
    _check_ports(settings)
    if settings.emulated:
        layout.ensure(settings)
    with step("build (cargo, dev profile)", chatty=True) as running:
        binaries = build.build([*build.functions(), services.TABLE_ENGINE], running)
        running.note = f"{len(binaries)} programs"
    client = build_client()
    if settings.emulated:
        with step("table engine") as running:
            running.note = services.ensure_table_engine(settings, binaries[services.TABLE_ENGINE])
        with step("emulator") as running:
            running.note = services.ensure_emulator(settings)
    edge = _deploy(settings, binaries, client)
    if client is not None:
        with step("upload web client") as running:
            running.note = _publish(settings, client)
    with step("CDN (CloudFront)") as running:
        running.note = _ensure_cdn(settings, edge)

    def how() -> str:
        return session.text(settings, time.monotonic() - began, demo=demo)

    if demo:
        _seed(settings, how)
    elif say_how:
        print(how())


def down(settings: Settings) -> None:
    """Stops everything; the state stays."""
    with step("stop") as running:
        stopped = [name for name in reversed(processes.ORDER) if processes.stop(settings, name)]
        running.note = ", ".join(stopped) or "nothing was running"


def reset(settings: Settings) -> None:
    """Stops everything and forgets it."""
    down(settings)
    with step("forget") as running:
        if settings.state.exists() and not _is_ours(settings.state):
            raise Refusal(f"{settings.state} holds no local cloud; nothing deleted")
        shutil.rmtree(settings.state, ignore_errors=True)
        running.note = str(settings.state)


def pictures(_settings: Settings) -> None:
    """Fetches the pictures that `shared/media` is tried on."""
    with step("pictures (pip)") as running:
        running.note = fetched.ensure()


def status(settings: Settings) -> None:
    """What runs, where, and what is deployed."""
    for service in processes.ORDER:
        process = processes.running(settings, service)
        print(f"  {service:<14}" + (f"pid {process.pid:<10}http://{HOST}:{process.port}" if process else "stopped"))
    record = Record.load(settings.state)
    for field, title in (("cdn_url", "web client"), ("api_url", "API"), ("live_url", "sockets")):
        if field in record:
            print(f"  {title:<14}{record[field]}")
    print(f"  {'demo world':<14}{record.get('demo', 'not seeded')}")
    print(f"  {'state':<14}{settings.state}")


def pids(settings: Settings) -> None:
    for process in processes.everything(settings):
        print(process.pid)


def url(settings: Settings) -> None:
    print(_recorded(settings, "api_url"))


def web_url(settings: Settings) -> None:
    print(_recorded(settings, "cdn_url"))


def live_url(settings: Settings) -> None:
    print(_recorded(settings, "live_url"))


def web_dev(settings: Settings) -> None:
    """Vite with hot reload, which passes on to this cloud what it does not serve itself; does not return."""
    address = _recorded(settings, "cdn_url")
    if not web.exists():
        raise Refusal("there is no web client in web/")
    if processes.running(settings, services.CDN) is None:
        raise Refusal("the local cloud does not run: make up")
    with step("packages of web/ (npm)") as running:
        running.note = web.install()
    web.serve(address)


def mail(settings: Settings) -> None:
    """The newest mails that were sent."""
    from cloud import mail as mails  # needs urllib3, which `up` installed

    if processes.running(settings, "emulator") is None:
        raise Refusal("the local cloud is not running: make up")
    print(mails.text(mails.sent(settings.cloud_url)))


def mail_url(settings: Settings) -> None:
    from cloud import mail as mails

    _recorded(settings, "api_url")
    print(mails.url(settings.cloud_url))


def logs(settings: Settings, function: str | None) -> None:
    """Follows the logs, of one function or of all of them and the services; the last lines first."""
    if function is None:
        files = sorted(settings.function_logs.glob("*.log")) + sorted(settings.logs.glob("*.log"))
    else:
        physical = Record.load(settings.state).get("functions", {}).get(function, function)
        files = [path for path in (settings.function_logs / f"{physical}.log", settings.logs / f"{function}.log") if path.exists()]
    if not files:
        known = ", ".join(Record.load(settings.state).get("functions", {})) or "nothing is deployed"
        raise Refusal(f"no log of {function or 'anything'} yet (functions: {known})")
    follow = ["--follow=name", "--retry"] if sys.stdout.isatty() else []
    os.execvp("tail", ["tail", "--quiet" if function else "--verbose", "--lines=50", *follow, *map(str, files)])


def _check_ports(settings: Settings) -> None:
    """A cloud that runs on other ports is stopped first; ports that others hold are a refusal."""
    wanted = services.ports(settings)
    if any(process.port != wanted.get(process.service) for process in processes.everything(settings)):
        down(settings)
    free = {service: port for service, port in wanted.items() if processes.running(settings, service) is None}
    processes.refuse_taken_ports(settings, free)
    Record.update(settings.state, port=settings.port)


def _recorded(settings: Settings, field: str) -> str:
    found = Record.load(settings.state).get(field)
    if found is None:
        raise Refusal("nothing is deployed here yet: make up")
    return str(found)


def build_client() -> Path | None:
    """The built web client, if this checkout has one."""
    if not web.exists():
        return None
    with step("packages of web/ (npm)") as running:
        running.note = web.install()
    with step("build web client (vite)") as running:
        running.note = web.build()
    return web.BUILD


def _publish(settings: Settings, client: Path) -> str:
    from cloud import deploy, web_bucket

    bucket = Record.load(settings.state)["outputs"]["WebBucketName"]
    return web_bucket.publish(deploy.client(settings, "s3"), bucket, client)


def _deploy(settings: Settings, binaries: dict[str, Path], client: Path | None) -> dict[str, Any]:
    """Deploys what changed; the distribution, resolved."""
    from cloud import deploy  # needs boto3, which the first step of a first `up` installs

    with step("deploy template.yaml") as running:
        hashes = web.parameters(web.hashes(client)) if client else {}
        deployed = deploy.deploy(settings, binaries, hashes)
        running.note = f"{len(deployed.functions)} functions" if deployed.changed else "unchanged"
        if deployed.changed and settings.emulated:
            services.snapshot(settings)
    Record.update(
        settings.state,
        api_url=deploy.api_url(settings, deployed),
        cdn_url=settings.cdn_url,
        live_url=deployed.outputs["LiveUrl"],
        endpoint=settings.cloud_url,
        outputs=deployed.outputs,
        functions=deployed.functions,
        client=client is not None,
    )
    return deployed.edge


def _ensure_cdn(settings: Settings, edge: dict[str, Any]) -> str:
    from cloud import deploy

    record = Record.load(settings.state)
    secret = deploy.client(settings, "secretsmanager").get_secret_value(SecretId=record["outputs"]["OriginSecretArn"])["SecretString"]
    return services.ensure_cdn(settings, edge, secret)


def _seed(settings: Settings, how: Callable[[], str]) -> None:
    """Completes the demo's world. Says how to use the cloud as soon as there is something to look at."""
    from cloud import demo
    from cloud import mail as mails

    record = Record.load(settings.state)
    if record.get("demo") == _COMPLETE:
        print(how())
        return
    Record.update(settings.state, demo=_INCOMPLETE)
    with step("demo world") as running:
        try:
            # Another cloud's mails cannot be read.
            mailbox = (lambda address: mails.token_to(settings.cloud_url, address)) if settings.emulated else None
            running.note = demo.seed(record["api_url"], record["cdn_url"], running.show, lambda: running.say(how()), mailbox)
        except demo.SeedingFailed as failed:
            raise Refusal(f"the demo world is not complete: {failed}; `make up` resumes, `make logs` says more") from failed
    with step("words of names, for searches"):
        _count_names(settings, record["functions"]["search-build"])
    Record.update(settings.state, demo=_COMPLETE)


def _count_names(settings: Settings, function: str) -> None:
    """Has the names of the demo's world counted, so that searches forgive errors before the schedule is due."""
    from cloud import deploy

    answer = deploy.client(settings, "lambda").invoke(FunctionName=function, Payload=b"{}")
    if "FunctionError" in answer:
        raise Refusal("names could not be counted: `make logs F=search-build` says more")


def _is_ours(state: Path) -> bool:
    return (state / "cloud.json").exists() or not any(state.iterdir())
