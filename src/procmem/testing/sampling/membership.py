"""
The members of a window, and what of them nobody saw.
"""

from __future__ import annotations

from procmem.testing.sampling.member import Member
from procmem.testing.sampling.sampled import Target
from procmem.testing.sampling.seen import Seen

__all__ = ["Members"]

# A child that had fewer page faults than this had next to no memory: to end
# alone takes a forked process more.
_FEW_FAULTS = 16


class Members:
    """
    Those that a window looks at, or has looked at.

    Args:
        target: Whom it is about.

    Attributes:
        seen: All that were ever seen.

        alive: Those of them that have not ended.

        unknown_births: How many were born and never seen, of whomever.

        roots_ended: How many seconds of those of the target that ended were
            not seen.

        replaced_faults: The page faults that members had unseen before they
            became other programs.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.seen: dict[Member, Seen] = {}
        self.alive: dict[Member, Seen] = {}
        self.unknown_births = 0
        self.roots_ended: dict[int, float] = {}
        self.replaced_faults = 0

    def join(
        self, member: Member, now: float, *, born: bool, counted: bool = True
    ) -> None:
        """
        Look at one more.

        Args:
            member: Which.

            now: The time.

            born: Whether it was born since the window was opened.

            counted: Whether it is more than the parent of others.
        """
        if member not in self.seen:
            seen = Seen(member, now, born=born, counted=counted)
            self.seen[member] = self.alive[member] = seen

    def drop(self, member: Member) -> None:
        """
        Forget one that should never have been a member.
        """
        self.seen.pop(member, None)
        self.alive.pop(member, None)

    def counted(self) -> list[Member]:
        """
        The members whose figures are summed.
        """
        return [member for member, seen in self.alive.items() if seen.counted]

    def has_unread(self) -> bool:
        """
        Whether there is a member of which nothing is known but what it
        counts, all of which may be shared.
        """
        return any(
            not member.was_read
            and not member.is_copy
            and not member.denied
            and member.cheap is not None
            and member.twin_of is None
            for member in self.counted()
        )

    def expected_each(self) -> dict[Member, int]:
        """
        What each member should have.
        """
        metric = self.target.metric
        return {member: member.expected(metric) for member in self.counted()}

    def faults(self) -> int:
        """
        The page faults of all members and of the children they waited for.
        """
        return sum(
            sum(member.faults) if seen.counted else member.faults.inherited
            for member, seen in self.alive.items()
        )

    def unobserved(self, page: int) -> tuple[int | None, bool, list[str]]:
        """
        How much nobody saw, whether somebody may have been unseen, and notes.

        Args:
            page: How many bytes one page fault can bring.
        """
        unseen = [
            seen.unseen if seen.member.ended else seen.unexplained()
            for seen in self.seen.values()
        ]
        unobserved: int | None = (sum(unseen) + self.replaced_faults) * page
        maybe = self.unknown_births > 0 and any(
            count > (_FEW_FAULTS if seen.child_ended else 0)
            for count, seen in zip(unseen, self.seen.values(), strict=True)
        )
        notes: list[str] = []
        if self.unknown_births and any(
            seen.member.ignores_children for seen in self.seen.values()
        ):
            unobserved, maybe = None, True
            notes.append(
                "A process ignores SIGCHLD, so that the kernel does not count "
                "what its children had."
            )
        notes += [
            f"Process {pid} ended; its last {gap * 1000:.0f} ms were not seen."
            for pid, gap in self.roots_ended.items()
        ]
        return unobserved, maybe, notes
