"""
The program of the process that looks.

It is a process of its own because a thread cannot look while another one
holds the interpreter, and not a fork of the one that it looks at, whose memory
would become shared by that.  It is nobody's child either: a program that waits
for all of its children would wait for it.

Orders come over a socket, one JSON object on each line, and each is answered by
one.  It ends when the socket is closed, or when the process ends that started
it.
"""

from __future__ import annotations

import json
import os
import select
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from procmem.testing.sampling.engine import INTERVAL, SHARE, Engine
from procmem.testing.sampling.member import HELPER_NAME
from procmem.testing.sampling.sampled import Target

if TYPE_CHECKING:
    # As in sources/watcher: without what is written in Python around it.
    import _socket

__all__ = ["main", "serve"]

_CHUNK = 65536


def serve(channel: _socket.socket, owner: int, engine: Engine) -> None:
    """
    Obey until nobody is there to give orders.

    Args:
        channel: Where they come from.

        owner: A descriptor that becomes readable when the process has ended
            that gives them; negative if there is none.  The channel alone
            does not tell: a fork of that process has a copy of its end.

        engine: What looks.
    """
    poll = select.poll()
    poll.register(channel.fileno(), select.POLLIN)
    if owner >= 0:
        poll.register(owner, select.POLLIN)
    received = b""
    pause: float | None = None
    try:
        while True:
            # Rounded up: to wake up early is to wake up twice.
            ready = poll.poll(None if pause is None else int(pause * 1000 + 0.999))
            if any(descriptor == owner for descriptor, _ in ready):
                return
            if ready:
                more = channel.recv(_CHUNK)
                if not more:
                    return
                *lines, received = (received + more).split(b"\n")
                for line in lines:
                    channel.sendall(_answer(line, engine) + b"\n")
            pause = engine.tick() if engine.busy else None
    except OSError:
        # Closed with something unread in it.
        return


def _answer(line: bytes, engine: Engine) -> bytes:
    """
    Do what an order says.
    """
    order = json.loads(line)
    answer: dict[str, object] = {"id": order["id"]}
    try:
        if order["do"] == "open":
            answer["window"] = engine.open(Target.from_json(order["target"]))
        else:
            answer["sampled"] = engine.close(order["window"]).to_json()
    except Exception as exc:  # noqa: BLE001 (the one who asked has to know)
        answer["failed"] = f"{type(exc).__name__}: {exc}"
    return json.dumps(answer).encode()


def _take_name() -> None:
    """
    Be known to those that count processes.
    """
    try:
        Path("/proc/self/comm").write_bytes(HELPER_NAME)
    except OSError:
        # Its command line has the name too.
        return


def _more_files() -> None:
    """
    Be permitted to keep the files of many processes open.
    """
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    except (OSError, ValueError):
        return


def main(arguments: list[str]) -> None:  # pragma: no cover (another process)
    """
    Run in a process that was started for it, with a socket as its input.

    Args:
        arguments: The pid of the process that gives orders, the share of one
            core, the interval in seconds.
    """
    import _socket

    holder, share, interval = arguments
    owner = -1
    try:
        owner = os.pidfd_open(int(holder))
    except OSError:
        # Before Linux 5.3, or it has ended.
        pass
    _take_name()
    _more_files()
    os.chdir("/")
    channel = _socket.socket(fileno=0)
    channel.sendall(json.dumps({"id": 0, "pid": os.getpid()}).encode() + b"\n")
    serve(channel, owner, Engine(share=float(share), interval=float(interval)))
    os._exit(0)


if __name__ == "__main__":  # pragma: no cover (another process)
    main(sys.argv[1:] or ["0", str(SHARE), str(INTERVAL)])
