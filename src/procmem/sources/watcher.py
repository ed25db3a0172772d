"""
The program that lets stopped processes go on when their holder is gone.

:mod:`procmem.sources.holds` starts it in an interpreter of its own, because
what is killed cannot clean up.  It gets descriptors of the processes over a
socket, and waits.  When the socket closes or the holder ends, however that
happened, every process that it was not told to forget is continued.

It knows nothing of procmem and needs as little memory as a Python can: of
``signal`` and ``socket`` it takes the halves written in C, which saves 1 MiB
and half of the time to start.
"""

from __future__ import annotations

import _socket
import os
import select
import sys

__all__ = ["AT_ONCE", "FORGET", "HOLD", "NUMBER", "READY", "watch"]

HOLD = b"h"
"""The processes with these numbers may be about to be stopped: watch them.
Their descriptors are sent along, in the same order.  Answered by a byte for
each: 0, or the errno of why it could not be continued."""

FORGET = b"f"
"""The processes with these numbers have been continued.  Not answered."""

READY = b"r"
"""What the watcher says first."""

NUMBER = 4
"""Bytes of a number in a message."""

AT_ONCE = 200
"""Processes in a message at most; the kernel passes on 253 descriptors
(``SCM_MAX_FD``)."""

# Type checkers do not know this module.
_signal = __import__("_signal")
_SIGCONT: int = _signal.SIGCONT

# An integer in the ancillary data of a message, in which descriptors come.
_DESCRIPTOR = 4
_FIRST = 0


def watch(channel: _socket.socket, holder: int) -> None:
    """
    Wait for the end of the holder, and continue what it then still holds.

    Args:
        channel: Where messages come from.

        holder: A descriptor that becomes readable when the holder has ended.
            The channel alone does not tell: a process that the holder has
            forked has a copy of the other end.
    """
    held: dict[int, int] = {}
    poll = select.poll()
    poll.register(channel.fileno(), select.POLLIN)
    poll.register(holder, select.POLLIN)
    channel.send(READY)
    try:
        while all(descriptor != holder for descriptor, _ in poll.poll()):
            if not _obey(channel, held):
                return
    except OSError:
        # Closed with something unread in it.
        return
    finally:
        # Children before their parents, which then have not seen them stopped.
        for descriptor in reversed(held.values()):
            _signal_to(descriptor, _SIGCONT)
            os.close(descriptor)


def _obey(channel: _socket.socket, held: dict[int, int]) -> bool:
    """
    Do what the next message says; False if there will not be another.
    """
    message, ancillary, _, _ = channel.recvmsg(
        len(HOLD) + AT_ONCE * NUMBER,
        _socket.CMSG_SPACE(AT_ONCE * _DESCRIPTOR),
    )
    if not message:
        return False
    order, numbers = message[:1], _integers(message[1:], NUMBER)
    if order == HOLD:
        descriptors = [
            descriptor
            for _, _, data in ancillary
            for descriptor in _integers(data, _DESCRIPTOR)
        ]
        # Fewer if there is no room for all of them; the answer shows it.
        held.update(zip(numbers, descriptors, strict=False))
        # Signal 0 is never sent, only permitted or not.
        channel.send(bytes(_signal_to(descriptor, 0) for descriptor in descriptors))
    else:
        for number in numbers:
            if number in held:
                os.close(held.pop(number))
    return True


def _integers(data: bytes, size: int) -> list[int]:
    return [
        int.from_bytes(data[start : start + size], sys.byteorder)
        for start in range(0, len(data), size)
    ]


def _signal_to(descriptor: int, number: int) -> int:
    """
    Send a signal; 0, or the errno of why not.
    """
    try:
        _signal.pidfd_send_signal(descriptor, number)
    except OSError as exc:
        return exc.errno or 1
    return 0


def _main() -> None:  # pragma: no cover (runs where nothing is measured)
    # What is sent to all of a terminal or of a group is not meant for it.
    os.setsid()
    # Files of the holder that were to be inherited would be kept open.
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            try:
                os.close(int(name))
            except OSError:
                # That of the listing itself.
                continue
    os.chdir("/")
    watch(_socket.socket(fileno=_FIRST), os.pidfd_open(os.getppid()))
    os._exit(0)


if __name__ == "__main__":  # pragma: no cover (a process of its own)
    _main()
