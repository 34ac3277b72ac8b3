"""Names of a vocabulary without its address: Product, and not https://schema.org/Product."""

from __future__ import annotations

import re

_ADDRESS = re.compile(
    r"(?:https?:)?//[^\s]*[/#]([^\s/#]+)[/#]?|(?:schema|s|sdo|og|gr|v):([^\s:/]+)"
)


def short_name(written: str) -> str:
    """The own name of a type or a property: of an address what stands behind its last slash or number sign.

    >>> short_name("https://schema.org/Product"), short_name("schema:Offer"), short_name("Product")
    ('Product', 'Offer', 'Product')
    """
    match = _ADDRESS.fullmatch(written.strip())
    return (match[1] or match[2]) if match else written.strip()


def type_name(written: str) -> str:
    """A type by its own name, which begins with a capital; some pages write "product".

    >>> type_name("http://schema.org/product")
    'Product'
    """
    name = short_name(written)
    return name[:1].upper() + name[1:]
