"""How deep elements of one kind stand within each other."""

from __future__ import annotations

from selectolax.lexbor import LexborNode


def level_of(node: LexborNode, levels: dict[int, int]) -> int:
    """How many elements of a kind are around one; levels: of those before it in the page, by `mem_id`.

    Whoever reads the text of each of them reads a page as often as they are nested, so that asks for a
    bound.
    """
    above = node.parent
    while above is not None:
        if (level := levels.get(above.mem_id)) is not None:
            return level + 1
        above = above.parent
    return 0
