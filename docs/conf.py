"""
How Sphinx builds the docs: Markdown pages, docstrings with sections.
"""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docutils.nodes import Element
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

project = "procmem"
author = "The procmem authors"
copyright = "2026, The procmem authors"
# The distribution's name, which is not the package's.
release = version = installed_version("pyprocmem")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]

# `name` in a docstring is a link, and wrong if there is no such name.
default_role = "py:obj"
nitpicky = True
# The docs build without a network, so there is no inventory to look other
# people's names up in: theirs may go without a link, ours never.
_THEIRS = "|".join([*sys.stdlib_module_names, "attrs?", "typing_extensions", "Path"])
nitpick_ignore_regex = [(r"py:.*", rf"({_THEIRS})(\..*)?")]
manpages_url = "https://man7.org/linux/man-pages/man{section}/{page}.{section}.html"

# A definition list is how the glossary reads best; the others are prose.
myst_enable_extensions = ["colon_fence", "deflist", "smartquotes"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
# Values with many fields get a line for each.
python_maximum_signature_line_length = 88
# A field of a class is a target that pages can link to.
napoleon_use_ivar = False
# The signature has their types.
napoleon_attr_annotations = False
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = "procmem"


def _keep_first_sentence(
    _app: Sphinx,
    what: str,
    _name: str,
    _obj: object,
    _options: object,
    lines: list[str],
) -> None:
    """
    Have napoleon leave the docstrings of attributes alone.

    It takes what comes before a colon in their first line for a type, so
    that line becomes an empty comment.
    """
    if what in {"attribute", "data", "property"}:
        lines[:0] = ["..", ""]


# Who uses procmem gets these from a function or a method, so how they are made
# is of no interest.
_MADE_FOR_USERS = {
    "procmem.Members",
    "procmem.testing.Budget",
    "procmem.testing.Measurement",
    "procmem.testing.MemoryBudgetExceeded",
}


def _leave_out_signature(
    _app: Sphinx, _what: str, name: str, *_: object
) -> tuple[str, None] | None:
    """
    Show the names of some classes without the arguments that make them.
    """
    return ("", None) if name in _MADE_FOR_USERS else None


def _find_short_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, child: Element
) -> Element | None:
    """
    Look for a name without a module among all that is described.

    Annotations and docstrings say ``Amount`` where that is imported, which is
    not where it is described.  If only one thing is called so, it is meant.
    """
    name = node.get("reftarget", "")
    if node.get("refdomain") != "py" or "." in name:
        return None
    domain = env.domains["py"]
    found = {
        full
        for full, _, _, _, _, priority in domain.get_objects()
        # A name that is only another one for the same has less than nothing.
        if full.endswith(f".{name}") and priority >= 0
    }
    if len(found) != 1:
        return None
    return domain.resolve_xref(
        env, node["refdoc"], app.builder, "obj", found.pop(), node, child
    )


def setup(app: Sphinx) -> None:
    """
    Called by Sphinx.
    """
    app.connect("autodoc-process-signature", _leave_out_signature)
    app.connect("missing-reference", _find_short_name)
    # Before napoleon, which has the default priority of 500.
    app.connect("autodoc-process-docstring", _keep_first_sentence, priority=400)
