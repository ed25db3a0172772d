"""
How much memory parsing a file takes.

Arguments: the parser, the file, and how to measure.

* ``traced`` prints by how many bytes the peak of what Python allocated lies
  above what the result needs, and what that needs.
* ``resident`` prints by how many bytes the peak of the resident memory lies
  above what it was before, or nothing if this kernel cannot start the peak
  anew.
"""

import gc
import sys
import tracemalloc
from pathlib import Path

import procmem

parser, path, how = sys.argv[1:]
parse = getattr(procmem, parser)
data = Path(path).read_bytes()
if how == "traced":
    # What is made once, at the first call, is not the text's.
    parse(data)
    gc.collect()


def status(key: str) -> int:
    text = Path("/proc/self/status").read_text()
    return int(text.partition(f"\n{key}:")[2].split()[0]) * 1024


if how == "traced":
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    result = parse(data)
    after, peak = tracemalloc.get_traced_memory()
    print(peak - after, after - before)
else:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        sys.exit()
    before = status("VmRSS")
    result = parse(data)
    print(status("VmHWM") - before)
