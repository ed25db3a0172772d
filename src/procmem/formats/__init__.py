"""
Bytes of ``/proc`` files in, objects out; one module per file, no I/O.

Every parser keeps the same contract.  It takes the whole content of a file
and gives a result or raises :exc:`~procmem.ParseError` with the line that is
not the kernel's; no input makes it raise anything else.  It is strict about
shape, so that a text cut in the middle of a line is an error and not a small
number, and tolerant about the future: fields and flags that it does not know
are kept, fields that are not there are missing.  Sizes leave it in bytes.
"""
