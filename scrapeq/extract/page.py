"""One page read from its bytes: the parts put together, with one tree for all of them."""

from __future__ import annotations

from functools import cache, partial

from selectolax.lexbor import LexborHTMLParser

from scrapeq import urls
from scrapeq.extract.author import author_of
from scrapeq.extract.bounds import for_lexbor, for_lxml
from scrapeq.extract.browser_need import browser_need
from scrapeq.extract.charset import Decoded, decode
from scrapeq.extract.comments import comments_of
from scrapeq.extract.declared import declarations
from scrapeq.extract.fields import PageScope, find_fields
from scrapeq.extract.first_post import FirstPost
from scrapeq.extract.images import images_of
from scrapeq.extract.language import language_of
from scrapeq.extract.links import Joiner, base_of, links_of
from scrapeq.extract.main_text import MAX_TEXT_CHARACTERS, MainText, main_text
from scrapeq.extract.metadata import metadata_of
from scrapeq.extract.page_kind import page_kind, text_kind
from scrapeq.extract.product import product_of
from scrapeq.extract.published import guess_published_at, published_at
from scrapeq.extract.selectors import select
from scrapeq.extract.shadow import with_shadow_roots
from scrapeq.extract.shown import Shown
from scrapeq.extract.sniff import not_html, sniff
from scrapeq.extract.structured import structured_of
from scrapeq.extract.tables import tables_of
from scrapeq.extract.title import title_of
from scrapeq.models import Content, DocumentKind, ErrorKind, Failure, Links, Recipe
from scrapeq.models.document_kind import PAGES
from scrapeq.models.found_values import FoundFields


def read_page(
    body: bytes, *, url: str, asked: str, content_type: str, recipe: Recipe, light: bool
) -> Content | Failure:
    """See `scrapeq.extract.extract`."""
    found = sniff(body, content_type)
    if isinstance(found, Failure):
        return found
    if found.kind not in PAGES:
        return not_html(found, content_type)
    host = urls.host_key(url).partition(":")[0]
    decoded = decode(body, content_type, host.rpartition(".")[2])
    if not decoded.text or decoded.text.isspace():
        return Failure(ErrorKind.EMPTY, "the answer has no content")
    if found.kind is DocumentKind.TEXT:
        return _read_text(decoded, recipe)
    markup = for_lexbor(with_shadow_roots(decoded.text), few_tags=light)
    return _read_html(markup, decoded, url, asked, recipe)


def _read_html(markup: str, decoded: Decoded, url: str, asked: str, recipe: Recipe) -> Content:
    tree = LexborHTMLParser((decoded.utf8 if markup is decoded.text else None) or markup)
    wanted = frozenset(recipe.page_fields)
    declared = declarations(tree)
    join = Joiner(base_of(declared.base, url), decoded.charset)
    sources = {"charset": decoded.source}

    text = MainText(None, None, None)
    if recipe.main_text != "off":
        text = main_text(
            markup, tree, declared, how=recipe.main_text, with_markdown="markdown" in wanted
        )
    if text.source:
        sources["text"] = text.source
    if text.source and text.markdown:
        sources["markdown"] = text.source

    title = title_of(declared, url) if "title" in wanted else None
    language = language_of(tree, declared, text.text) if "language" in wanted else None
    shown = begun = None
    if recipe.main_text != "off":
        tag = _tag_of(tree, language)
        shown, begun = Shown(tree, declared, tag), FirstPost(tree, declared, url, tag)
    author = (
        author_of(tree, declared, url, shown, begun)
        if wanted & {"author", "published_at"}
        else None
    )
    published = None
    if "published_at" in wanted:
        published = published_at(
            declared,
            url,
            shown=shown,
            has_author=author is not None,
            begun=begun,
        )
        if published is None and author and recipe.main_text == "best" and declared.is_article:
            published = guess_published_at(for_lxml(markup, tree), url)
    author = author if "author" in wanted else None
    for name, value in (
        ("title", title),
        ("author", author),
        ("published_at", published),
        ("language", language),
    ):
        if value is not None:
            sources[name] = value[1]

    metadata, metadata_sources = metadata_of(declared, join) if "metadata" in wanted else ({}, {})
    fields = select(tree, recipe.custom_selectors)
    links = links_of(tree, join) if recipe.extract_links else Links()
    images = images_of(tree, join) if recipe.extract_images else []
    tables = tables_of(tree) if "tables" in wanted else []
    items = cache(partial(structured_of, tree, declared, join))
    found: FoundFields = {}
    if recipe.record is not None:
        found = find_fields(recipe.record, PageScope(tree, items, join=join))
    kept = items() if "structured" in wanted else []
    product = product_of(tree, declared, items(), url) if "product" in wanted else {}
    comments, comments_source = (
        comments_of(tree, items, _tag_of(tree, language)) if "comments" in wanted else ([], None)
    )
    given = {name: any(one.number for one in sources_) for name, sources_ in found.items()}
    need = browser_need(tree, text.text, {**fields, **given})
    # The last of all, since it takes scripts out of the tree.
    kind, signal = page_kind(
        tree, declared, markup, text.text, url=url, asked=asked, visible=need.visible
    )
    sources |= metadata_sources
    sources |= {f"fields.{name}": "selector" for name, value in fields.items() if value}
    sources |= {"links": "a[href]"} if links else {}
    sources |= {"images": "img"} if images else {}
    sources |= {"structured": kept[0].format} if kept else {}
    sources |= {"tables": "table"} if tables else {}
    sources |= {f"product.{name}": source for name, (_, source) in product.items()}
    sources |= {"comments": comments_source} if comments_source else {}
    return Content(
        document=DocumentKind.HTML,
        title=title[0] if title else None,
        text=text.text,
        markdown=text.markdown,
        language=language[0] if language else None,
        author=author[0] if author else None,
        published_at=published[0] if published else None,
        fields=fields,
        found=found,
        links=links,
        images=images,
        structured=[item.to_json() for item in kept],
        tables=[table.to_json() for table in tables],
        product={name: value for name, (value, _) in product.items()},
        comments=[one.to_json() for one in comments],
        metadata=metadata,
        sources=sources,
        charset=decoded.charset,
        page_kind=kind,
        page_kind_signal=signal,
        browser_need=need.signal,
    )


def _tag_of(tree: LexborHTMLParser, language: tuple[str, str] | None) -> str:
    """The language with the country that the page declares, as "en-GB"; English where nobody knows."""
    root = tree.root
    declared = (root.attributes.get("lang") or "").strip() if root is not None else ""
    if language is None or declared[:2].casefold() == language[0]:
        return declared or "en"
    return language[0]


def _read_text(decoded: Decoded, recipe: Recipe) -> Content:
    """A page of plain text: all of it is the text, and nothing else can be found in it."""
    tree = LexborHTMLParser("")
    sources = {"charset": decoded.source}
    text = decoded.text.strip()[:MAX_TEXT_CHARACTERS] if recipe.main_text != "off" else None
    markdown = text if "markdown" in recipe.page_fields else None
    language = None
    if "language" in recipe.page_fields:
        language = language_of(tree, declarations(tree), decoded.text)
    if text:
        sources["text"] = "text/plain"
    if markdown:
        sources["markdown"] = "text/plain"
    if language:
        sources["language"] = language[1]
    kind, signal = text_kind(decoded.text)
    return Content(
        document=DocumentKind.TEXT,
        text=text,
        markdown=markdown,
        language=language[0] if language else None,
        fields=select(tree, recipe.custom_selectors),
        sources=sources,
        charset=decoded.charset,
        page_kind=kind,
        page_kind_signal=signal,
    )
