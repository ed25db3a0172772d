"""
Pages: single ones, columns of them, and where the kernel shows them.

``tables`` makes tables for property tests and counts them page by page.
"""
