"""
Where the bytes of proc files come from.  Only here is the system touched.
"""
