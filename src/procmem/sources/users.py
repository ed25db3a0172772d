"""
The numbers of this machine's users.
"""

from __future__ import annotations

import re

__all__ = ["effective_user", "uid_of"]

# The second of four.
_EFFECTIVE = re.compile(rb"^Uid:\t[0-9]+\t([0-9]{1,10})\t", re.MULTILINE)


def effective_user(status: bytes) -> int | None:
    """
    The effective user that a ``status`` names; None if it names none.
    """
    found = _EFFECTIVE.search(status)
    return int(found[1]) if found else None


def uid_of(user: int | str) -> int:
    """
    The number of a user, by its name or number.

    Raises:
        ValueError: If there is no user of that name, or the number is
            negative.
    """
    if isinstance(user, str):
        import pwd

        try:
            return pwd.getpwnam(user).pw_uid
        except KeyError:
            msg = f"no such user: {user!r}"
            raise ValueError(msg) from None
    if user < 0:
        msg = f"the number of a user is not negative: {user}"
        raise ValueError(msg)
    return user
