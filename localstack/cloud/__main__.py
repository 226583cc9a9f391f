"""`python -m cloud COMMAND`: what the Makefile calls."""

from __future__ import annotations

import argparse
import sys

from cloud import environment, prerequisites
from cloud.progress import complain, step
from cloud.settings import Refusal, Settings


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        if options.command in _NEEDS:
            _prepare(arguments)
        _run(options)
    except Refusal as refusal:
        complain(f"\n  {refusal}" if options.command == "up" else str(refusal))
        return 1
    except KeyboardInterrupt:
        complain("\n  stopped; what was started is still running (make down)")
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
    for command, text in _SIMPLE.items():
        commands.add_parser(command, help=text)
    return parser


_SIMPLE = {
    "down": "stop everything, keep the state",
    "reset": "stop everything, forget the state",
    "status": "what runs",
    "pids": "process ids of everything started",
    "url": "the API's base URL alone",
    "pictures": "fetch the pictures that shared/media is tried on",
    "release": "release packages for Lambda",
    "gaps": "what the emulator lacks and how it is made up for",
}


_NEEDS = {
    "up": (environment.REQUIREMENTS,),
    "test": (environment.REQUIREMENTS, environment.DEVELOPER_REQUIREMENTS),
    "pictures": (),
    "release": (environment.REQUIREMENTS, environment.BUILD_REQUIREMENTS),
    "verify": (environment.REQUIREMENTS,),
}


def _prepare(arguments: list[str]) -> None:
    """Prerequisites first, then the packages, then on in the environment that has them."""
    if environment.is_inside():
        return
    with step("prerequisites") as running:
        missing = prerequisites.missing()
        if missing:
            raise Refusal("\n  ".join(missing))
        running.note = "all there"
    wanted = _NEEDS[arguments[0]]
    with step("Python packages (.venv)") as running:
        running.note = "unchanged" if environment.is_ready(*wanted) else "installed"
        environment.install(*wanted)
    environment.enter(arguments)


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
    elif options.command == "release":
        from cloud import release

        release.release()
    elif options.command == "verify":
        from cloud import verify

        sys.exit(verify.verify(settings, options.stack, options.table, options.arguments, repair=options.repair))
    elif options.command == "gaps":
        _gaps()
    else:
        getattr(commands, options.command)(settings)


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
