"""
A process that has forked many others, each with some memory of its own.

Argument: how many.
"""

import os
import sys

start, end = os.pipe()
own = b""
for number in range(int(sys.argv[1])):
    if not os.fork():
        os.close(end)
        own = bytes(b"x" * (number % 16 * 4096))
        # Ends when the parent does, however it ends.
        os.read(start, 1)
        os._exit(0)

print("ready", flush=True)
sys.stdin.read()
os.close(end)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
