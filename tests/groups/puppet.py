"""
A process that does what it is told, and so do the children that it forks.

It reads from standard input one line of Python after the other, runs it, and
answers with one line: what the line gave, as JSON.
"""

from __future__ import annotations

import json
import mmap
import os
import threading
import time

from tests.live.children import libc

PAGE = mmap.PAGESIZE

# Of each child by its pid: where to write orders to, and read answers from.
strings: dict[int, tuple[int, int]] = {}


def obey(orders: int, answers: int) -> None:
    """
    Do what is read from one descriptor, and answer to the other.
    """
    with os.fdopen(orders, "r") as lines:
        for line in lines:
            os.write(answers, json.dumps(eval(line)).encode() + b"\n")


def fork() -> int:
    """
    Make a child, which waits for orders; its pid.
    """
    orders, answers = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(orders[1])
        os.close(answers[0])
        for other in strings.values():
            os.close(other[0])
            os.close(other[1])
        strings.clear()
        obey(orders[0], answers[1])
        os._exit(0)
    os.close(orders[0])
    os.close(answers[1])
    strings[pid] = orders[1], answers[0]
    # Once it has answered it touches nothing any more that it has not copied.
    tell(pid, "tell and 0")
    return pid


def tell(pid: int, line: str) -> object:
    """
    Give a child an order; its answer.
    """
    orders, answers = strings[pid]
    os.write(orders, line.encode() + b"\n")
    answer = b""
    while not answer.endswith(b"\n"):
        answer += os.read(answers, 65536)
    return json.loads(answer)


def many(count: int) -> list[int]:
    """
    Fork *count* children that wait and are told nothing.
    """
    return [fork() for _ in range(count)]


def hold(size: int) -> int:
    """
    Make private memory resident; its address.
    """
    return libc.hold(size)


def hold_shared(size: int) -> int:
    """
    Make memory resident that children will share; its address.
    """
    address = libc.map_memory(size, flags=libc.MAP_SHARED | libc.MAP_ANONYMOUS)
    libc.use_small_pages(address, size)
    libc.write(address, size)
    return address


def rewrite(address: int, size: int) -> None:
    """
    Write to every page of a range.
    """
    libc.write(address, size, byte=0x79)


def twin(flags: int = libc.CLONE_VM | 17) -> int:
    """
    A process in this address space, which sleeps; its pid.
    """
    return libc.sleep_in_same_memory(600, flags)


def start_thread() -> int:
    """
    A thread that sleeps; its number.
    """
    thread = threading.Thread(target=time.sleep, args=(600,), daemon=True)
    thread.start()
    return thread.native_id or 0


def lose_leader() -> None:
    """
    End the first thread, while another goes on obeying.
    """
    threading.Thread(target=obey, args=(os.dup(0), 1), daemon=True).start()
    libc.exit_thread()


def rename(name: str) -> None:
    """
    Be called something else.
    """
    with open("/proc/self/comm", "w") as file:
        file.write(name)


if __name__ == "__main__":
    print(json.dumps(os.getpid()), flush=True)
    obey(os.dup(0), 1)
