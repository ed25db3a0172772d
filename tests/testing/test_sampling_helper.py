"""
What the helper that samples does with its orders, in a thread of this process.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator

import pytest

from procmem.testing.sampling import helper
from procmem.testing.sampling.engine import Engine
from procmem.testing.sampling.sampled import Sampled, Target


@pytest.fixture
def channel() -> Iterator[socket.socket]:
    """
    The end that gives orders.
    """
    ours, theirs = socket.socketpair()
    engine = Engine()
    served = threading.Thread(target=helper.serve, args=(theirs, -1, engine))
    served.start()
    ours.settimeout(60)
    with ours, theirs:
        yield ours
        ours.shutdown(socket.SHUT_RDWR)
        served.join(60)
    engine.shut()
    assert not served.is_alive()


def answer(channel: socket.socket, order: dict[str, object]) -> dict[str, object]:
    """
    What comes back for an order.
    """
    channel.sendall(json.dumps(order).encode() + b"\n")
    received = b""
    while not received.endswith(b"\n"):
        received += channel.recv(65536)
    found: dict[str, object] = json.loads(received)
    return found


def test_a_window(channel: socket.socket) -> None:
    """
    A window is opened by an order, and closed by another.
    """
    target = Target(pids=(os.getpid(),), tree=False).to_json()
    opened = answer(channel, {"id": 7, "do": "open", "target": target})
    closed = answer(channel, {"id": 8, "do": "close", "window": opened["window"]})

    assert (7, 8) == (opened["id"], closed["id"])
    sampled = Sampled.from_json(closed["sampled"])  # type: ignore[arg-type]
    assert (sampled.lower or 0) > 0


def test_an_order_that_fails(channel: socket.socket) -> None:
    """
    What goes wrong is the answer, and further orders are taken.
    """
    for number in (1, 2):
        failed = answer(channel, {"id": number, "do": "close", "window": 99})

        assert number == failed["id"]
        assert str(failed["failed"]).startswith("KeyError")
