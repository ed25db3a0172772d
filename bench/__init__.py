"""
How fast procmem is, as ratios to what the kernel and other tools need.

``python -m bench [NAME ...]`` runs the benchmarks; see ``__main__``.
"""
