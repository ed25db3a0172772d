"""
A group that is read once and let go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from procmem.groups.deadline import Deadline
from procmem.groups.members import Members

if TYPE_CHECKING:
    from procmem.groups.group import Group
    from procmem.groups.options import ReadOptions
    from procmem.groups.rules import Rule

__all__ = ["read_once"]


def read_once(rule: Rule, options: ReadOptions) -> Group:
    """
    Find the members by a rule, and read them in one pass.

    Time runs from the moment at which one begins to look for them.
    """
    deadline = Deadline(options.get("timeout"))
    mappings = options.get("mappings", False)
    with Members(
        rule,
        source=options.get("source"),
        threads=options.get("threads"),
        deadline=deadline,
        is_early=not mappings,
    ) as members:
        return members.read_found(deadline, mappings=mappings)
