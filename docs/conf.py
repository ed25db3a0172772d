"""
How Sphinx builds the docs: Markdown pages, docstrings with sections.
"""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version

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
_THEIRS = "|".join([*sys.stdlib_module_names, "attrs?", "typing_extensions"])
nitpick_ignore_regex = [(r"py:.*", rf"({_THEIRS})(\..*)?")]
manpages_url = "https://man7.org/linux/man-pages/man{section}/{page}.{section}.html"

# A definition list is how the glossary reads best; the others are prose.
myst_enable_extensions = ["colon_fence", "deflist", "smartquotes"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
# `Attributes:` of a class must not describe a second time what autodoc finds.
napoleon_use_ivar = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = "procmem"
