"""
How a figure was found, and what is not known of it, in a few lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from procmem.testing.wording import clean, several, sized

if TYPE_CHECKING:
    from procmem.testing.measurement import Measurement

__all__ = ["provenance"]


def provenance(measurement: Measurement) -> list[str]:
    """
    Lines for the end of a message.
    """
    who = several(len(measurement.pids), "process", "processes")
    text = f"measured: {who} at the end of the block"
    if measurement.exact:
        text += ", exact to what the kernel prints"
    elif measurement.upper != measurement.lower:
        text += f", at most {sized(measurement.upper)}"
    lines = [text + _peak(measurement)]
    if measurement.outsiders is not None:
        lines.append(f"shared: {clean(str(measurement.outsiders))}")
    lines += [f"missing: {clean(phrase)}" for phrase in measurement.missing]
    return lines


def _peak(measurement: Measurement) -> str:
    peak = measurement.peak
    if peak is None:
        return ""
    text = f"; peak {sized(peak)} ("
    text += (
        f"sampled {measurement.samples} times" if measurement.samples else "by VmHWM"
    )
    if measurement.peak_upper is not None and measurement.peak_upper > peak:
        text += f"; at most {sized(measurement.peak_upper)} by VmHWM"
    if measurement.unobserved is None:
        text += "; children that nobody saw are not in it"
    elif measurement.unobserved:
        text += (
            f"; children that nobody saw had at most "
            f"{sized(measurement.unobserved)} on top"
        )
    return text + ")"
