"""
The lines below a header of ``smaps``: ``Key:  value``.

Keys are matched whole, never by their beginning: ``Pss_Anon`` is not ``Pss``.
"""

from __future__ import annotations

from collections import abc

from procmem.formats.text import MAX_DIGITS, decode, number
from procmem.model.usage import COUNTERS

__all__ = ["COUNTER_KEYS", "Values"]

_KIB = 1024


def _kernel_key(name: str) -> str:
    return _KEYS.get(name) or "_".join(part.capitalize() for part in name.split("_"))


# Where the kernel's spelling is not the snake case with capitals.
_KEYS = {
    "ksm": "KSM",
    "lazy_free": "LazyFree",
    "anon_huge_pages": "AnonHugePages",
    "shmem_pmd_mapped": "ShmemPmdMapped",
    "file_pmd_mapped": "FilePmdMapped",
    "swap_pss": "SwapPss",
}

COUNTER_KEYS: dict[str, str] = {_kernel_key(name): name for name in COUNTERS}
"""The name of the counter of :class:`~procmem.Usage` for each key."""


def _size(text: bytes) -> int:
    # The same as number(), written out: this is called for every amount that
    # a file holds.
    digits = text[:-3]
    if not digits.isdigit() or text[-3:] != b" kB" or len(digits) > MAX_DIGITS:
        msg = "not a number of kB"
        raise ValueError(msg)
    return int(digits) * _KIB


def _flags(text: bytes) -> frozenset[str]:
    # Every code is followed by a space; there may be none at all.
    return frozenset(decode(text).split())


def _switch(text: bytes) -> bool:
    return number(text) != 0


def _name(text: bytes) -> str | None:
    return decode(text) or None


def _anything(text: bytes) -> int | str:
    try:
        return _size(text)
    except ValueError:
        return decode(text)


_READERS: dict[str, abc.Callable[[bytes], object]] = {
    **dict.fromkeys(COUNTER_KEYS, _size),
    "KernelPageSize": _size,
    "MMUPageSize": _size,
    "THPeligible": _switch,
    "ProtectionKey": number,
    "VmFlags": _flags,
    "Name": _name,
}


class Values(dict[bytes, object]):
    """
    The value of each line of one key, as far as such a line has been seen.

    Most lines of a file are repetitions (``Swap:  0 kB``), and looking one
    up costs a tenth of taking it apart.

    Attributes:
        key: The key, as text.
    """

    __slots__ = ("_is_size", "_prefix", "_read", "key")

    def __init__(self, key: bytes) -> None:
        self.key = decode(key)
        self._prefix = key + b":"
        self._read = _READERS.get(self.key, _anything)
        self._is_size = self._read is _size

    def __missing__(self, line: bytes) -> object:
        prefix = self._prefix
        if not line.startswith(prefix):
            msg = f"not the counter {self.key}"
            raise ValueError(msg)
        text = line[len(prefix) :].lstrip(b" \t")
        digits = text[:-3]
        if (
            self._is_size
            and digits.isdigit()
            and text.endswith(b" kB")
            and len(digits) <= MAX_DIGITS
        ):
            # What _size() does, without calling it.
            value: object = int(digits) * _KIB
        else:
            value = self._read(text)
        self[line] = value
        return value
