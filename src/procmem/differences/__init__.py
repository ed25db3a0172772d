"""
What changed between two readings of a process, or of a group of them.

``identity`` says what makes two mappings the same one, ``pairing`` finds the
counterpart of each, ``making`` makes rows of them, ``comparing`` sees to it
that the rows add up to the total difference, and ``row`` and ``diff`` are the
values that result.
"""

from procmem.differences.comparing import between_groups, between_readings

__all__ = ["between_groups", "between_readings"]
