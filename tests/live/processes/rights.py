"""
Run a function with other rights, or where ``/proc`` looks different.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from tests.live.children import libc
from tests.live.control import NotHereError

T = TypeVar("T")

# From linux/mount.h and linux/sched.h.
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x4_0000
_MNT_DETACH = 2
_CLONE_NEWNS = 0x0002_0000

_CHILD_SECONDS = 300

_libc = ctypes.CDLL(None, use_errno=True)


def require_root() -> None:
    """
    Do nothing for root.

    Raises:
        NotHereError: For others.
    """
    if os.geteuid() != 0:
        msg = "needs root"
        raise NotHereError(msg)


def in_child(function: Callable[[], T]) -> T:
    """
    Call a function in a forked process, so that what it changes is confined.

    Returns:
        What the function returns, which has to be picklable.

    Raises:
        BaseException: What the function raises, with its traceback as a note.
        RuntimeError: If the child ends without an answer.
    """
    readable, writable = os.pipe()
    with warnings.catch_warnings():
        # About threads, since Python 3.12: those of a test runner hold no lock
        # that the function needs.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(_CHILD_SECONDS)
            os.close(readable)
            with open(writable, "wb") as stream:
                stream.write(_answer(function))
        finally:
            # Neither the buffers nor the clean-ups of the tests are this
            # process's own.
            os._exit(0)
    os.close(writable)
    with open(readable, "rb") as stream:
        data = stream.read()
    _, status = os.waitpid(pid, 0)
    if not data:
        msg = f"the child ended with {os.waitstatus_to_exitcode(status)}"
        raise RuntimeError(msg)
    error, result = pickle.loads(data)
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]


def _answer(function: Callable[[], object]) -> bytes:
    answer: tuple[Any, Any]
    try:
        answer = (None, function())
        return pickle.dumps(answer)
    except BaseException as exc:  # noqa: BLE001
        text = traceback.format_exc()
        exc.add_note(f"In the child:\n{text}")
        try:
            data = pickle.dumps((exc, None))
            # Some can be written but not read.
            pickle.loads(data)
        except Exception:  # noqa: BLE001
            data = pickle.dumps((RuntimeError(text), None))
        return data


def as_user(
    uid: int,
    function: Callable[[], T],
    *,
    gid: int | None = None,
    dumpable: bool = True,
) -> T:
    """
    Call a function as an ordinary user.

    What the function imports should have been imported before: that user may
    not be allowed to read where Python's modules are.

    Args:
        uid: The user.

        function: What to call, as in `in_child()`.

        gid: The only group; the number of the user if None.

        dumpable: Whether the process counts as one that this user started;
            else it is like one that was set-user-ID.

    Raises:
        NotHereError: If the tests don't run as root.
    """
    require_root()

    def dropped() -> T:
        libc.drop_to(uid, uid if gid is None else gid, dumpable=dumpable)
        return function()

    return in_child(dropped)


def in_mount_namespace(function: Callable[[], T]) -> T:
    """
    Call a function that may mount what it likes, because nobody else sees it.

    Raises:
        NotHereError: If the tests may not do that.
    """

    def unshared() -> T:
        try:
            _check(_libc.unshare(_CLONE_NEWNS), "/")
            # Else mounts would spread to the namespace this one was copied
            # from.
            mount("none", "/", flags=MS_REC | MS_PRIVATE)
        except PermissionError as exc:
            msg = f"no mount namespace: {exc}"
            raise NotHereError(msg) from exc
        return function()

    return in_child(unshared)


def mount(
    source: str,
    target: str | Path,
    kind: str | None = None,
    *,
    flags: int = 0,
    options: str = "",
) -> None:
    """
    What :manpage:`mount(2)` does; meant for `in_mount_namespace()`.
    """
    result = _libc.mount(
        source.encode(),
        os.fsencode(target),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        options.encode(),
    )
    _check(result, target)


def umount(target: str | Path) -> None:
    """
    Unmount, also while somebody uses what is mounted.
    """
    _check(_libc.umount2(os.fsencode(target), _MNT_DETACH), target)


def mount_proc(target: str | Path = "/proc", options: str = "") -> None:
    """
    Mount another procfs, for example with ``hidepid=2`` or at another root.

    Always a new one: to remount ``/proc`` would change the options of the one
    outside of the namespace too, because it is the same file system.
    """
    mount("proc", target, "proc", options=options)


def hide_file(target: str | Path) -> None:
    """
    Put ``/dev/null`` over a file, as container runtimes do.
    """
    mount("/dev/null", target, flags=MS_BIND)


def _check(result: int, path: str | Path) -> None:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(path))


@contextlib.contextmanager
def mounted_proc(target: Path, options: str = "") -> Iterator[Path]:
    """
    A second procfs at *target* until the end of the block.
    """
    mount_proc(target, options)
    try:
        yield target
    finally:
        umount(target)
