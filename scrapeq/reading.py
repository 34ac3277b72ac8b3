"""A document of any kind, read by who knows its kind: `extract` web pages, `documents` all others.

The two know nothing of each other; here they meet.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scrapeq.documents import Document, read_document, value_of
from scrapeq.extract import Sniffed, extract, not_html, sniff
from scrapeq.extract.charset import decode
from scrapeq.extract.visible import text_in
from scrapeq.minhash import minhash_of
from scrapeq.models import Content, DocumentKind, ErrorKind, Failure, Recipe
from scrapeq.models.document_kind import PAGES


def read(
    body: bytes,
    *,
    url: str,
    content_type: str,
    recipe: Recipe,
    asked: str = "",
    light: bool = False,
) -> Content | Failure:
    """What `recipe` asks for, read from the decoded body of an answer; see `extract` for the arguments.

    Fails with `not_html` or `not_accepted` for a kind that `recipe.accept` leaves out.
    """
    content = _read(body, url, content_type, recipe, asked=asked, light=light)
    if isinstance(content, Content) and content.text and "minhash" in recipe.page_fields:
        return replace(content, minhash=minhash_of(content.text))
    return content


def _read(
    body: bytes, url: str, content_type: str, recipe: Recipe, *, asked: str, light: bool
) -> Content | Failure:
    found = _wanted(body, content_type, url, recipe)
    if isinstance(found, Failure):
        return found
    if found.kind not in PAGES:
        return _read_other(found, content_type, url, recipe, is_packed=found.body is not body)
    content = extract(
        body, url=url, asked=asked, content_type=content_type, recipe=recipe, light=light
    )
    if isinstance(content, Content) and content.document is DocumentKind.TEXT:
        text = content.text
        if text is None and recipe.record is not None:
            text = decode(body, content_type).text.strip()
        return _with_fields(content, text or "", url, recipe)
    return content


def text_for_model(body: bytes, content: Content) -> str:
    """What a language model is given of what `read` made of `body`: the main text, or where there is
    none all that a person reads."""
    if content.text or content.document not in {None, *PAGES}:
        return content.text or ""
    try:
        page = body.decode(content.charset or "utf-8", "replace")
    except LookupError:
        page = body.decode("utf-8", "replace")
    return text_in(page)


def _wanted(body: bytes, content_type: str, url: str, recipe: Recipe) -> Sniffed | Failure:
    """What a body is, or why it is nothing that `recipe.accept` wants.

    What is data only by the ending of its address is text where the recipe wants text and no such data.
    """
    found = sniff(body, content_type, url)
    if isinstance(found, Failure) or found.kind in recipe.accept:
        return found
    without_ending = sniff(body, content_type)
    if isinstance(without_ending, Sniffed) and without_ending.kind in recipe.accept:
        return without_ending
    if DocumentKind.HTML in recipe.accept:
        return not_html(found, content_type)
    wanted = ", ".join(recipe.accept)
    return Failure(
        ErrorKind.NOT_ACCEPTED, f"this is {found.what}, and accept={wanted} leaves it out"
    )


def _read_other(
    found: Sniffed, content_type: str, url: str, recipe: Recipe, *, is_packed: bool
) -> Content | Failure:
    """What a document holds that is no web page. is_packed: it came as a gzip file."""
    from scrapeq import urls
    from scrapeq.extract.charset import Decoded
    from scrapeq.extract.language import language_of_text

    decoded = Decoded("", "", "")
    if found.is_text:
        host = urls.host_key(url).partition(":")[0]
        decoded = decode(found.body, content_type, host.rpartition(".")[2])
    # A record may look for patterns in a text that the row is not to keep
    is_asked = recipe.record is not None and recipe.main_text == "off"
    content = read_document(
        Document(
            kind=found.kind,
            media_type=found.media_type,
            body=found.body,
            url=url,
            recipe=recipe.model_copy(update={"main_text": "fast"}) if is_asked else recipe,
            text=decoded.text,
            charset=decoded.charset,
            charset_source=decoded.source,
        )
    )
    if isinstance(content, Failure):
        return content
    content = replace(content, media_type=_PACKED if is_packed else found.media_type)
    content = _with_fields(content, decoded.text, url, recipe)
    if is_asked:
        content = replace(content, text=None, markdown=None)
    language = language_of_text(content.text, content.language)
    if language is None or "language" not in recipe.page_fields:
        return content
    sources = {**content.sources, "language": language[1]}
    return replace(content, language=language[0], sources=sources)


def _with_fields(content: Content, text: str, url: str, recipe: Recipe) -> Content:
    """The same with what the sources of a record's fields give; selectors give nothing here.

    Paths and JMESPath are asked of the values of JSON, of any other document of an object with text,
    title, metadata, entries and tables (each a list of its rows as objects); regular expressions are
    looked for in the text. text: what the document is made of, if that is characters.
    """
    if recipe.record is None:
        return content
    from scrapeq.extract.fields import DataScope, find_fields
    from scrapeq.extract.links import Joiner

    if content.document is DocumentKind.JSON:
        scope = DataScope(value_of(text), text=text, join=Joiner(url))
    else:
        scope = DataScope(_parts(content), text=content.text or text, join=Joiner(url))
    return replace(content, found=find_fields(recipe.record, scope))


def _parts(content: Content) -> dict[str, Any]:
    tables = [
        [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
        for table in content.tables
    ]
    kept = {name: getattr(content, name) for name in ("text", "title", "metadata", "entries")}
    return {**kept, "tables": tables}


_PACKED = "application/gzip"
