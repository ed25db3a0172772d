"""
An address space as a picture: cells that stand for pages, coloured by what
they are.

``kinds`` says what a page may be and how that looks, ``cells`` makes the
picture of a :class:`~procmem.pagetable.table.PageTable`, ``legend`` has the
words for it, and ``text``, ``svg`` and ``png`` draw it.  What an image looks
like is decided in ``layout``, once for both.
"""
