"""What lives in a notebook: cards that move while the kernel does something else, and magics."""

from __future__ import annotations

from scrapeq.notebook.install import install

__all__ = ["install"]
