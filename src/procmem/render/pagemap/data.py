"""
A page map as plain data, for JSON.
"""

from __future__ import annotations

from collections import abc

from procmem.render.names import printable
from procmem.render.pagemap.kinds import LOOKS, Kind
from procmem.render.pagemap.picture import Band, Picture

__all__ = ["to_data"]


def to_data(picture: Picture) -> dict[str, object]:
    """
    The picture with sizes in bytes, and a letter for each cell.
    """
    return {
        "page_size": picture.page_size,
        "pages_per_cell": picture.block,
        **_sizes(picture, picture.counts),
        "letters": {look.letter: _key(kind) for kind, look in LOOKS.items()},
        "bands": [_band(picture, band) for band in picture.bands],
    }


def _band(picture: Picture, band: Band) -> dict[str, object]:
    return {
        "start": band.start,
        "end": band.end,
        "name": None if band.name is None else printable(band.name),
        "mappings": band.mappings,
        "size": band.size,
        **_sizes(picture, band.counts),
        "cells": "".join(LOOKS[cell.kind].letter for cell in band.cells),
        "left_out": band.folded,
    }


def _sizes(picture: Picture, counts: abc.Mapping[Kind, int]) -> dict[str, object]:
    present = picture.resident(counts)
    return {
        "present": present,
        # Without sharers the zero page may be among what is present.
        "rss": present if picture.has_sharers else None,
        "kinds": {
            _key(kind): counts[kind] * picture.page_size
            for kind in LOOKS
            if counts.get(kind)
        },
    }


def _key(kind: Kind) -> str:
    return kind.name.lower()
