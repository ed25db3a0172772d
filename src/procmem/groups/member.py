"""
``Member``: one process of a group, as it was read.
"""

from __future__ import annotations

import attrs

from procmem import accounting
from procmem.errors import UnsupportedError
from procmem.model.bulk import Slotted
from procmem.model.mapping import Mappings
from procmem.model.usage import Usage

__all__ = ["Member"]


@attrs.frozen(kw_only=True, repr=False)
class Member(Slotted):
    """
    A process of a group whose memory was read.

    Attributes:
        pid: Its number.

        start_time: When it started, in clock ticks since the machine did.
            With the pid it names a process for ever.

        name: Of its program, at most 15 bytes.

        uid: Its effective user; None if that is not known.

        parent: Its parent when it was read; None if that is outside of what
            the source shows.

        usage: What it occupies.  All counters are 0 if it has no address
            space: a zombie, a kernel thread.

        mappings: What it maps, or None if that was not asked for.

        same_memory_as: The member whose address space this one has too
            (``vfork``, ``clone`` with ``CLONE_VM``).  Such a member counts
            with nothing in sums, and None stands for all others.
    """

    pid: int
    start_time: int
    name: str
    uid: int | None = None
    parent: int | None = None
    usage: Usage
    mappings: Mappings | None = attrs.field(default=None, hash=False)
    same_memory_as: int | None = None

    @property
    def counts(self) -> bool:
        """
        Whether sums have it in them: no other member stands for its memory.
        """
        return self.same_memory_as is None

    @property
    def has_memory(self) -> bool:
        """
        Whether it had an address space when it was read.
        """
        return self.usage.evidence.files != ("status",)

    @property
    def footprint(self) -> int:
        """
        Share of memory that no file backs, and of swap, in bytes.

        Where the kernel prints no such totals (before Linux 5.4), it is added
        up over the mappings.

        Raises:
            UnsupportedError: If the kernel tells no more than bounds.
        """
        try:
            return self.usage.footprint
        except UnsupportedError:
            if self.mappings is None:
                needs = "Linux 5.4 or mappings"
                raise UnsupportedError("smaps_rollup: footprint", needs) from None
        return accounting.footprint(self.mappings)

    def __repr__(self) -> str:
        more = ""
        if self.same_memory_as is not None:
            more = f", same_memory_as={self.same_memory_as}"
        return f"<Member {self.pid} {self.name!r}: {self.usage!r}{more}>"
