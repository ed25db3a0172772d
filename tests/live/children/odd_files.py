"""
A process that maps files with names that are easily mistaken.
"""

from __future__ import annotations

from pathlib import Path

from tests.live.children import libc


def main() -> None:
    """
    Map a file whose name ends in a blank, one that is replaced, and the one
    that replaces it.
    """
    folder = Path.cwd()
    blank = _map(folder / "blank ")
    old = _map(folder / "library")
    (folder / "next").write_bytes(b"y" * libc.PAGE)
    (folder / "next").rename(folder / "library")
    new = _map(folder / "library")
    libc.report(folder=str(folder), blank=blank, old=old, new=new)
    libc.wait_for_end()


def _map(path: Path) -> int:
    if not path.exists():
        path.write_bytes(b"x" * libc.PAGE)
    with path.open("rb") as stream:
        address = libc.map_memory(
            libc.PAGE,
            protection=libc.PROT_READ,
            fd=stream.fileno(),
            flags=libc.MAP_PRIVATE,
        )
    libc.read(address, libc.PAGE)
    return address


if __name__ == "__main__":
    main()
