"""
What do forked workers cost?

A process fills 100 MiB and forks workers that only read.  Summed over all of
them, RSS counts the memory again for each worker; the footprint does not.
"""

from __future__ import annotations

import os

import procmem

MIB = 2**20


def wait(end: int) -> None:
    """
    A worker that does nothing until the parent closes the pipe.
    """
    os.read(end, 1)
    os._exit(0)


def main() -> None:
    """
    Fork four workers, one after the other, and add up each time.
    """
    memory = b"x" * (100 * MIB)
    end, parent_end = os.pipe()
    pids = [os.getpid()]
    print(f"{len(memory) // MIB} MiB of data; MiB summed over all processes:")
    print("workers    rss    pss    uss  footprint")
    for workers in range(5):
        sums = [
            sum(question(pid) for pid in pids) / MIB
            for question in (procmem.rss, procmem.pss, procmem.uss, procmem.footprint)
        ]
        print("{:>7} {:>6.1f} {:>6.1f} {:>6.1f} {:>10.1f}".format(workers, *sums))
        if workers < 4:
            pid = os.fork()
            if pid == 0:
                os.close(parent_end)
                wait(end)
            pids.append(pid)
    os.close(parent_end)
    for pid in pids[1:]:
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
