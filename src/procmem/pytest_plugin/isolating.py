"""
A test in an interpreter of its own: started when the test is called, with the
options of this run, and its reports taken for the test's.

In this process the test sets up nothing and does nothing, but goes through
pytest like any other: what skips it, reruns it or stops it works as ever.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import subprocess
import sys
import tempfile
from collections import abc
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

import pytest

from procmem.pytest_plugin.relaying import Relay

if TYPE_CHECKING:
    from procmem.pytest_plugin.inside import Request
    from procmem.pytest_plugin.rules import Rules

__all__ = ["is_isolated", "isolate", "relayed"]

_RELAY = pytest.StashKey[Relay]()

_LAUNCHER = str(Path(__file__).with_name("launcher.py"))

# How long an interpreter that hangs may take to say where.
_LAST_WORDS = 2.0

# What the run of the one test must not do again, or in another way: only
# those that this run has are handed on.
_INSTEAD: dict[str, object] = {
    # Which tests to run is known.
    "cacheclear": False,
    "deselect": None,
    "failedfirst": False,
    "keyword": "",
    "lf": False,
    "markexpr": "",
    "newfirst": False,
    "plugins": [],
    "pyargs": False,
    "stepwise": False,
    "stepwise_reset": False,
    "stepwise_skip": False,
    # Nobody is there to answer.
    "trace": False,
    "usepdb": False,
    # One test needs no workers.
    "dist": "no",
    "distload": False,
    "looponfail": False,
    "maxprocesses": None,
    "numprocesses": None,
    "px": [],
    "tx": [],
    # These write files at the end, which this run writes itself.
    "cov_source": [],
    "htmlpath": None,
    "log_file": None,
    "pastebin": None,
    "report_log": None,
    "xmlpath": None,
}

# These are arguments and not options, and argparse wonders about them.
_LEFT_OUT = frozenset({"file_or_dir", "_raise_print_help"})


def isolate(item: pytest.Item, rules: Rules) -> None:
    """
    Make *item* run in an interpreter of its own.
    """

    def runtest() -> None:
        item.stash[_RELAY] = Relay()
        _run(item, item.stash[_RELAY], rules.timeout)

    # Whatever sort of test it is, and whoever made it.
    vars(item).update(setup=_nothing, runtest=runtest, teardown=_nothing)
    item.stash[_RELAY] = Relay()


def is_isolated(item: pytest.Item) -> bool:
    """
    Whether it runs in an interpreter of its own.
    """
    return _RELAY in item.stash


def relayed(
    item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport
) -> pytest.TestReport:
    """
    What to report instead of *report*, in which nothing happened.
    """
    relay = item.stash.get(_RELAY, None)
    if relay is None or call.excinfo is not None:
        return report
    return relay.instead_of(item, report)


def _nothing() -> None:
    """
    What an isolated test does here.
    """


def _run(item: pytest.Item, relay: Relay, timeout: float | None) -> None:
    config = item.config
    # Otherwise the test prints where this process prints.
    captured = config.getoption("capture") == "fd"
    with tempfile.TemporaryDirectory(prefix="procmem-isolated-") as folder:
        request, reports = Path(folder, "request"), Path(folder, "reports")
        with request.open("wb") as file:
            pickle.dump(sys.path, file)
            pickle.dump(_request(item, reports), file)
        reports.touch()
        with Path(folder, "output").open("w+b") as output:
            relay.ended = _wait(
                [sys.executable, *_flags(), _LAUNCHER, str(request)],
                output if captured else None,
                timeout,
            )
            output.seek(0)
            relay.output = output.read().decode(errors="backslashreplace")
        relay.read(config, item.nodeid, reports.read_bytes())
    for part in relay.parts:
        # As they come in any test: while it runs.
        item.ihook.pytest_runtest_logreport(report=part)


def _request(item: pytest.Item, reports: Path) -> Request:
    config = item.config
    given = vars(config.option)
    changed = {name: value for name, value in _INSTEAD.items() if name in given}
    options: dict[str, bytes] = {}
    for name, value in {
        **given,
        **changed,
        "basetemp": _folder_for_temporary(config),
    }.items():
        if name in _LEFT_OUT:
            continue
        try:
            options[name] = pickle.dumps(value)
        except Exception:  # noqa: BLE001, S112 (the object's own code runs)
            # Of no use in another process.
            continue
    inside = _plain(item, item.nodeid.partition("::")[2])
    plugins: list[str] = config.option.plugins
    return {
        "argv": sys.argv,
        "plugins": plugins,
        "options": options,
        "test": f"{item.path}::{inside}" if inside else str(item.path),
        "inside": inside,
        "reports": str(reports),
    }


def _plain(item: pytest.Item, name: str) -> str:
    """
    The name without what pytest-xdist appends with ``--dist loadgroup``.
    """
    groups = {
        str(mark.args[0] if mark.args else mark.kwargs.get("name", "default"))
        for mark in item.iter_markers("xdist_group")
    }
    return name.removesuffix(f"@{'_'.join(sorted(groups))}") if groups else name


def _folder_for_temporary(config: pytest.Config) -> str | None:
    """
    Inside this run's own folder, so that it is kept and removed with that.
    """
    factory = getattr(config, "_tmp_path_factory", None)
    if not isinstance(factory, pytest.TempPathFactory):
        return None
    return str(factory.mktemp("procmem-isolated"))


def _flags() -> abc.Iterator[str]:
    """
    Flags of this interpreter that the other one gets too.
    """
    if sys.flags.optimize:
        yield "-" + "O" * sys.flags.optimize
    # What is behind -X, as sys documents it for CPython.
    further: dict[str, str | Literal[True]] = vars(sys)["_xoptions"]
    for name, value in further.items():
        yield f"-X{name}" if value is True else f"-X{name}={value}"
    for filter_ in sys.warnoptions:
        yield f"-W{filter_}"


def _wait(
    command: list[str], output: IO[bytes] | None, timeout: float | None
) -> int | str:
    """
    Run *command* to its end: its status, or why it was ended.
    """
    process = subprocess.Popen(  # noqa: S603 (this interpreter)
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        # What it leaves behind when it is ended goes with it.
        process_group=0,
    )
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        # faulthandler, which pytest enables, says where it was.
        process.send_signal(signal.SIGABRT)
        _wait_unreaped(process.pid, _LAST_WORDS)
        return f"did not end within {timeout:g} seconds"
    finally:
        # Also if something stops this process from waiting.
        if process.returncode is None:
            _kill(process)


def _wait_unreaped(pid: int, seconds: float) -> None:
    """
    Wait until *pid* has ended, but leave it: its group keeps its number.
    """
    descriptor = os.pidfd_open(pid)
    try:
        select.select([descriptor], [], [], seconds)
    finally:
        os.close(descriptor)


def _kill(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
