"""`python -m cloud COMMAND`: what the Makefile calls."""

from __future__ import annotations

import argparse
import os
import sys

from cloud import environment, prerequisites, tools, web
from cloud.progress import complain, step
from cloud.settings import Refusal, Settings


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    os.environ["PATH"] = tools.search_path()
    try:
        if options.command == "tools":
            _tools(options)
            return 0
        if options.command in _NEEDS:
            _prepare(arguments)
        _run(options)
    except Refusal as refusal:
        complain(f"\n  {refusal}" if options.command == "up" else str(refusal))
        return 1
    except KeyboardInterrupt:
        complain("\n  interrupted; what was started still runs (make down), and `make up` resumes")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cloud", description="lambdagram's local cloud")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="build, start, deploy, seed").add_argument("--no-demo", action="store_true", help="leave the cloud empty")
    logs = commands.add_parser("logs", help="functions' and services' logs")
    logs.add_argument("function", nargs="?", default=None)
    test = commands.add_parser("test", help="run a command against a throw-away cloud")
    test.add_argument("test_command", nargs=argparse.REMAINDER)
    verify = commands.add_parser("verify", help="count the table, compare every counter with its edges")
    verify.add_argument("--stack", help="of this stack in AWS")
    verify.add_argument("--table", help="this table in AWS")
    verify.add_argument("--repair", action="store_true", help="have sweep put right what is wrong, then count again")
    verify.add_argument("arguments", nargs="*", help="for the program that counts, behind --")
    brought = commands.add_parser("tools", help="bring what the build needs into the checkout, and print the folders it is in, for PATH")
    brought.add_argument("--checks", action="store_true", help="what .ci/run calls as well")
    brought.add_argument("--node", action="store_true", help="Node as well")
    ship = commands.add_parser("ship", help="deploy to AWS with the settings of samconfig.toml, and upload the web client")
    ship.add_argument("--stage", default="dev", help="a section of samconfig.toml")
    apps = commands.add_parser("push-apps", help="make the applications of SNS that reach iOS and Android")
    apps.add_argument("--stage", default="dev", help="a section of samconfig.toml")
    for command, text in _SIMPLE.items():
        commands.add_parser(command, help=text)
    return parser


_SIMPLE = {
    "down": "stop everything, keep the state",
    "reset": "stop everything, forget the state",
    "status": "what runs",
    "pids": "process ids of everything started",
    "url": "the API's base URL alone",
    "web-url": "the address to open in a browser, alone",
    "live-url": "the address of the sockets, alone",
    "web-dev": "the web client with hot reload, against the running cloud",
    "mail": "the newest mails that were sent",
    "mail-url": "where the mails that were sent are listed as JSON, alone",
    "pictures": "fetch the pictures that shared/media is tried on",
    "release": "release packages for Lambda",
    "gaps": "what the emulator lacks and how it is made up for",
}


# Python packages, by command.
_NEEDS = {
    "up": (environment.REQUIREMENTS,),
    "test": (environment.REQUIREMENTS, environment.DEVELOPER_REQUIREMENTS),
    "mail": (environment.REQUIREMENTS,),
    "mail-url": (environment.REQUIREMENTS,),
    "pictures": (),
    "web-dev": (),
    "release": (environment.REQUIREMENTS, environment.BUILD_REQUIREMENTS),
    "verify": (environment.REQUIREMENTS,),
    "ship": (environment.REQUIREMENTS,),
    "push-apps": (environment.REQUIREMENTS,),
}


# What compiles.
_BUILD = ("up", "test", "release", "verify")

# What builds the web client, if there is one.
_BUILD_WEB = ("up", "test", "ship", "web-dev")


def _prepare(arguments: list[str]) -> None:
    """Prerequisites first, then what is brought into the checkout, then on in the environment that has the packages."""
    if environment.CLOUD.is_inside():
        return
    with step("prerequisites") as running:
        missing = prerequisites.missing()
        if missing:
            raise Refusal("\n  ".join(missing))
        running.note = "all there"
    if arguments[0] in _BUILD:
        with step("tools (.tools)") as running:
            tools.ensure_nasm(running)
    if arguments[0] in _BUILD_WEB and web.exists():
        with step("Node (.tools)") as running:
            tools.ensure_node(running)
    wanted = _NEEDS[arguments[0]]
    with step("Python packages (.venv)") as running:
        running.note = "unchanged" if environment.CLOUD.is_ready(*wanted) else "installed"
        environment.CLOUD.install(*wanted, show=running.show)
    environment.CLOUD.enter(arguments)


def _tools(options: argparse.Namespace) -> None:
    """Says the folders on standard output, and everything else elsewhere."""
    folders = [tools.BIN]
    with step("tools (.tools)", stream=sys.stderr) as running:
        tools.ensure_nasm(running)
    if options.node:
        with step("Node (.tools)", stream=sys.stderr) as running:
            tools.ensure_node(running)
    if options.checks:
        with step("tools of the checks (.venv-tools)", stream=sys.stderr) as running:
            tools.ensure_checks(running)
        folders = [tools.CHECKS.bin, *folders]
    print(os.pathsep.join(map(str, folders)))


def _run(options: argparse.Namespace) -> None:
    from cloud import commands

    settings = Settings.read()
    if options.command == "up":
        commands.up(settings, demo=not options.no_demo)
    elif options.command == "logs":
        commands.logs(settings, options.function)
    elif options.command == "test":
        from cloud import trial

        sys.exit(trial.run(options.test_command))
    elif options.command == "ship":
        from cloud import ship

        ship.ship(options.stage)
    elif options.command == "push-apps":
        from cloud import push_apps

        push_apps.push_apps(settings, options.stage)
    elif options.command == "release":
        from cloud import release

        release.release()
    elif options.command == "verify":
        from cloud import verify

        sys.exit(verify.verify(settings, options.stack, options.table, options.arguments, repair=options.repair))
    elif options.command == "gaps":
        _gaps()
    else:
        getattr(commands, options.command.replace("-", "_"))(settings)


def _gaps() -> None:
    """Reads the patches' first lines without importing the emulator."""
    import ast

    from cloud.settings import ROOT

    folder = ROOT / "localstack" / "cloud" / "patches"
    for file in sorted(folder.glob("*.py")):
        tree = ast.parse(file.read_text())
        if any(isinstance(node, ast.FunctionDef) and node.name == "apply" for node in tree.body) and file.stem != "__init__":
            print(f"  {file.stem:<20}{(ast.get_docstring(tree) or '').splitlines()[0]}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
