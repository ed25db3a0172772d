"""
The colours that depend on the ground: those of an image on light and on dark.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

__all__ = ["DARK", "LIGHT", "Ground", "Rgb"]

Rgb: TypeAlias = tuple[int, int, int]


class Ground(NamedTuple):
    """
    Attributes:
        paper: What is behind everything, and between the cells.

        ink: Text.

        dim: Text that matters less.

        absent: Cells without a page.
    """

    paper: Rgb
    ink: Rgb
    dim: Rgb
    absent: Rgb


LIGHT = Ground((255, 255, 255), (27, 30, 36), (96, 101, 110), (228, 229, 232))
DARK = Ground((20, 22, 27), (230, 232, 236), (150, 155, 164), (50, 53, 60))
