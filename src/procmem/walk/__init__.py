"""
Looking at every page of a process.

``plan`` says where to look, ``blocks`` fetches entries, ``frames`` asks how
often each frame is mapped, ``tally`` adds up; ``totals`` and ``table`` are the
two answers: sums that need no memory of their own, and the pages themselves.
"""
