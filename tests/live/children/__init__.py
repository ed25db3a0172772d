"""
What the processes in `tests.live.processes` run: one module each.

Each sets itself up, prints one line of JSON that says what it did, and goes on
until its standard input is closed, so that none outlives the tests.
"""
