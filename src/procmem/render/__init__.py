"""
What people look at: sentences and tables, for terminals and for notebooks.

Nothing here reads anything; it takes values and gives text.
"""
