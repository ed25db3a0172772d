"""
Names of users, looked up once each.
"""

from __future__ import annotations

__all__ = ["Users"]


class Users:
    """
    The name of each user that is asked for.

    It is this machine's name for the number, also for processes of another.
    """

    def __init__(self) -> None:
        self._names: dict[int, str] = {}

    def name(self, uid: int | None) -> str | None:
        """
        The name, or the number where there is none; None for no user.
        """
        if uid is None:
            return None
        if uid not in self._names:
            import pwd

            try:
                self._names[uid] = pwd.getpwuid(uid).pw_name
            except (KeyError, OverflowError):
                self._names[uid] = str(uid)
        return self._names[uid]
