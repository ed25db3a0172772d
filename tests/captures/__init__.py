"""
Other kernels, page sizes and architectures: what they printed, recorded.

``archive`` unpacks a capture, ``source`` shows it to procmem as if it were a
live ``/proc``, ``reference`` counts its pages one by one.
"""
