"""
The holder's side of the watcher: start it, tell it, end it.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections import abc
from itertools import batched
