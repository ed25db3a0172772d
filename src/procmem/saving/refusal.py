"""
What is wrong with a document, and where in it.
"""

from __future__ import annotations

__all__ = ["RefusedError"]


class RefusedError(Exception):
    """
    A part of a document is not what it should be.

    Attributes:
        reason: What is wrong.

        place: The keys that lead there, the innermost first.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place: list[str] = []

    def __str__(self) -> str:
        if not self.place:
            return self.reason
        return f"{'.'.join(reversed(self.place))}: {self.reason}"
