"""Whether this process is a notebook's kernel."""

from __future__ import annotations

import sys
from typing import Any


def kernel_shell() -> Any | None:
    """IPython's shell in a notebook's kernel; None in a terminal or a script.

    IPython is not loaded for this: where nobody loaded it, there is no kernel. It has no types.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell if hasattr(shell, "kernel") else None
