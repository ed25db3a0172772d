"""
Several processes at once: who belongs together, and what they cost together.
"""
