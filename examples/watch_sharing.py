"""
How does copy-on-write sharing wear off?

A parent fills 32 MiB and forks.  The child then writes to a quarter of it at a
time, and the parent watches the memory of the child become its own.
"""

from __future__ import annotations

import os

import procmem

MIB = 2**20
STEPS = 4


def child(memory: bytearray, orders: int, answers: int) -> None:
    """
    At each order rewrite the next quarter, until there are no more orders.
    """
    quarter = len(memory) // STEPS
    step = 0
    while os.read(orders, 1):
        memory[step * quarter : (step + 1) * quarter] = b"y" * quarter
        step += 1
        os.write(answers, b".")


def main() -> None:
    """
    Fork, then watch the same process after each step.
    """
    memory = bytearray(b"x" * (32 * MIB))
    order_out, order_in = os.pipe()
    answer_out, answer_in = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(order_in)
        child(memory, order_out, answer_in)
        os._exit(0)
    # Pinned: every read means this child, or fails.
    with procmem.pinned(pid) as process:
        for step in range(STEPS + 1):
            usage = procmem.usage(process)
            shared, own = round(usage.shared / MIB), round(usage.uss / MIB)
            print(f"rewritten {step}/{STEPS}: shared {shared} MiB, own {own} MiB")
            if step < STEPS:
                os.write(order_in, b".")
                os.read(answer_out, 1)
    os.close(order_in)
    os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
