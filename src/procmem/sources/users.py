"""
The numbers of this machine's users.
"""

from __future__ import annotations

__all__ = ["uid_of"]


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
