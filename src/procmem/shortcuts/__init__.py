"""
One question, one answer.

Every function takes a pid, a pinned process (:func:`procmem.pinned`), or
nothing for the calling process.  Kernel threads and zombies have no address
space, and every size of theirs is 0.
"""
