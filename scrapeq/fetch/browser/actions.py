"""What the option `actions` asks for, done on a page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from scrapeq.errors import ConfigError
from scrapeq.fetch.failed import Failed
from scrapeq.models import ErrorKind, reveal
from scrapeq.models.page_action import MOST_SCROLLS, PageAction, Press

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

#: Seconds that one action may wait for its element: as long as a page may take to come to rest.
ACTION_S = 10.0
#: Scrolls the page, or the largest thing in it that can be scrolled where the page itself cannot.
#: Returns how much there is to scroll.
_SCROLL = """(() => {
  let place = document.scrollingElement || document.documentElement;
  if (place.scrollHeight <= innerHeight + 1) {
    const area = (one) => one.clientWidth * one.clientHeight;
    for (const one of document.querySelectorAll("*")) {
      if (one.scrollHeight <= one.clientHeight + 1 || !one.clientHeight) continue;
      if (!/auto|scroll/.test(getComputedStyle(one).overflowY)) continue;
      if (place === document.scrollingElement || area(one) > area(place)) place = one;
    }
  }
  place.scrollTo({ top: place.scrollHeight, behavior: "instant" });
  return place.scrollHeight + "," + document.getElementsByTagName("*").length;
})()"""


async def perform(
    actions: Sequence[PageAction],
    page: Page,
    *,
    settle: Callable[[], Awaitable[str]],
    evaluate: Callable[[str], Awaitable[Any]],
    left_s: Callable[[], float],
) -> None:
    """Do all of them in order; the page has come to rest before the first, and after each.

    settle: waits until the page rests. evaluate: a script's value. left_s: what is left of the
    page's time. Raises Failed, which names the action that could not be done.
    """
    for number, action in enumerate(actions, 1):
        try:
            await _do(action, page, settle, evaluate, min(ACTION_S, left_s()))
        except _NotDoneError as error:
            raise Failed(
                ErrorKind.ACTION, f"action {number} of {len(actions)} ({action.words}): {error}"
            ) from error


class _NotDoneError(Exception):
    """Why one action could not be done."""


async def _do(
    action: PageAction,
    page: Page,
    settle: Callable[[], Awaitable[str]],
    evaluate: Callable[[str], Awaitable[Any]],
    most_s: float,
) -> None:
    if action.wait:
        await asyncio.sleep(action.wait)
    elif action.scroll:
        await _scroll(MOST_SCROLLS if action.scroll == "end" else action.scroll, settle, evaluate)
    elif isinstance(action.press, str):
        await _within(page.keyboard.press(action.press))
        await settle()
    else:
        await _on_element(action, page, 1000 * most_s)
        if not action.wait_for:
            await settle()


async def _on_element(action: PageAction, page: Page, most_ms: float) -> None:
    """What is done to the first element that matches."""
    about = getattr(action, action.name)
    selector = about if isinstance(about, str) else about.selector
    place = page.locator(selector).first
    if action.click:
        doing = place.click(timeout=most_ms)
    elif action.fill:
        try:
            doing = place.fill(reveal(action.fill.value), timeout=most_ms)
        except ConfigError as error:
            raise Failed(ErrorKind.CONFIG, str(error)) from error
    elif isinstance(action.press, Press):
        doing = place.press(action.press.key, timeout=most_ms)
    elif action.select:
        doing = place.select_option(action.select.value, timeout=most_ms)  # type: ignore[assignment]
    else:
        doing = place.wait_for(state="attached", timeout=most_ms)
    await _within(doing, page.locator(selector), most_ms)


async def _within(doing: Any, places: Locator | None = None, most_ms: float = 0) -> None:
    """Do it; raises _NotDoneError with one sentence that has no value in it."""
    from playwright.async_api import Error
    from playwright.async_api import TimeoutError as NotInTime

    try:
        await doing
    except NotInTime as error:
        count = await places.count() if places else 0
        what = (
            f"the first of {count} elements that match was hidden, covered or disabled, or has no "
            "such option"
            if count
            else "nothing matches"
        )
        raise _NotDoneError(f"{what}, within {most_ms / 1000:.0f} s") from error
    except Error as error:  # its first line; what follows repeats the values
        if "has been closed" in str(error) or "crashed" in str(error).lower():
            raise
        first = str(error).strip().splitlines()[0] if str(error).strip() else "it failed"
        raise _NotDoneError(first[:300]) from error


async def _scroll(
    most: int,
    settle: Callable[[], Awaitable[str]],
    evaluate: Callable[[str], Awaitable[Any]],
) -> None:
    """Go to the end until there is nothing new, at most so often."""
    from playwright.async_api import Error

    before = ""
    for _ in range(most):
        try:
            there = str(await evaluate(_SCROLL))
        except Error as error:  # it became another document
            raise _NotDoneError("the page went away while it was scrolled") from error
        if there == before:
            return
        before = there
        await settle()
