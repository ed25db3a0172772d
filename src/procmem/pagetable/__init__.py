"""
Millions of pages as columns: see ``table`` for the object and ``columns`` for
how they are counted.
"""
