"""
The files of one process, read until they make sense: see ``lifecycle``.
"""
