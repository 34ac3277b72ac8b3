"""Which pages a browser shows, and what is read of them then."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from scrapeq.fetch import BrowserFailed, PoliteFetcher, Response
from scrapeq.models import Content, Failure, Recipe, ScrapingConfig, SlotOwner
from scrapeq.work.stages import Stages

log = logging.getLogger(__name__)

ASKED = 'render="always"'


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page with what was read of it. reason: why a browser showed it, or should have and did not;
    None: nothing asked for one."""

    response: Response
    outcome: Content | Failure
    rendered: bool = False
    reason: str | None = None


async def read_page(
    response: Response,
    config: ScrapingConfig,
    recipe: Recipe,
    *,
    fetcher: PoliteFetcher,
    stages: Stages,
    owner: SlotOwner,
) -> ReadPage:
    """Read a page, in a browser if it needs one and there is one."""
    content: Content | Failure | None = None
    if config.render == "always" and _is_html(response):
        reason: str | None = ASKED
    else:
        content = await stages.run(response, config, recipe)
        reason = _why(content, config)
    if reason is None:
        return ReadPage(response, content or Content())
    missing = fetcher.renderer.missing if fetcher.renderer is not None else "no browser"
    if not missing:
        try:
            rendered = await fetcher.render(response, config, owner)
        except BrowserFailed as error:
            log.warning("%s", error)
            missing = str(error)
        else:
            if isinstance(rendered, Failure):
                return ReadPage(response, rendered, rendered=True, reason=reason)
            shown = rendered.response
            content = await stages.run(shown, config, recipe)
            note = f"{reason}; {rendered.note}" if rendered.note else reason
            return ReadPage(shown, content, rendered=True, reason=note)
    if content is None:
        content = await stages.run(response, config, recipe)
    return ReadPage(response, content, reason=f"{reason}; not rendered: {missing}")


def _is_html(response: Response) -> bool:
    return "html" in response.content_type.lower() or not response.content_type


def _why(content: Content | Failure, config: ScrapingConfig) -> str | None:
    return None
