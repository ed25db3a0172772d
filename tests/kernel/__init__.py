"""
What kernels print, made from procmem's own values.

``eras`` says how the files of several kernels look, ``rendering`` prints
them, ``strategies`` makes values for property tests, ``samples`` whole
processes for :class:`procmem.InMemory`.  ``twin`` reads smaps the slow and
obvious way, and ``pages`` counts pages as the kernel does.
"""
