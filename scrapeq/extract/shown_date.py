"""The day of publication that a page shows to its readers, where it declares none.

Each date is judged by where it stands (near the heading, in a byline, alone), by the word before it, and
by how often its kind of element repeats with other days; the best one counts if it is good enough.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime

from scrapeq.extract.shown import Heading, Shown, ShownDate, looks, names_around

#: Points that a date needs. On the half of WCXB that the rules were made on, dates with fewer are wrong or
#: invented more often than right; with 5 and 6 points 12 of 17 are right, with more 80 of 86.
ENOUGH = 5


def shown_date(shown: Shown, earliest: datetime, latest: datetime) -> datetime | None:
    """The day on which a page says to its readers that it was published, as midnight in UTC; None for
    no clear one. Never the day of an update, nor one beside comments, other articles or goods."""
    dates = [one for one in shown.dates if earliest <= one.day <= latest]
    days_of: dict[str, set[datetime]] = defaultdict(set)
    for one in dates:
        days_of[looks(one.node)].add(one.day)
    best, most = None, ENOUGH - 1
    for one in dates:
        points = _points(one, shown.heading, repeats=len(days_of[looks(one.node)]))
        if points > most:
            best, most = one, points
    return best.day if best else None


def _points(one: ShownDate, heading: Heading | None, repeats: int = 1) -> int:
    """How likely it is the day of publication; two points are one good sign."""
    if _OTHER_DAY.search(one.before) or _UPDATED.search(one.before):
        return 0
    near, is_elsewhere = names_around(one.node)
    points = 3 if one.is_alone else 0
    if _PUBLISHED.search(one.before):
        points += 4
    if one.is_timed or _DATED.search(near):
        points += 2
    if heading is not None:
        points += _nearness(heading.away(one.place))
    if is_elsewhere:
        points -= 4
    if repeats >= 3:
        points -= 3
    return points


def _nearness(away: int) -> int:
    if away >= 0:
        return 4 if away <= 200 else 3 if away <= 600 else 1 if away <= 1500 else 0
    return 4 if away >= -80 else 2 if away >= -250 else 0


#: Words before a date, in the languages of most pages.
_PUBLISHED = re.compile(
    r"(?:publi(?:sh|c|é)\w*|posted|written|submitted|asked|date|added|issued|first appeared|gepostet"
    r"|veröffentlicht|erstellt|erschienen|datum|fecha|paru|mis en ligne|pubblicato|gepubliceerd|geplaatst"
    r"|opublikowan[oey]|dodano|publicerad|julkaistu|опубликовано|дата|yayın\w*|data|投稿日|公開日|发布\w*)"
    r"\W*(?:on|at|am|le|el|em|il|in|op|den|dnia|by|time|date|от)?\W*$",
    re.IGNORECASE,
)
_UPDATED = re.compile(
    r"(?:updated?|modified|reviewed|revised|edit(?:ed)?|changed|refreshed|current as of|version|aktualisiert"
    r"|geändert|stand|actualizado|atualizado|modificado|mis[e]? à jour|màj|aggiornato|bijgewerkt|zaktualizowano"
    r"|aktualizacja|uppdaterad|обновлено|güncelle\w*|更新日?|更新于)"
    r"\W*(?:on|at|am|le|el|em|il|in|op|den|dnia|by|date)?\W*$",
    re.IGNORECASE,
)
_OTHER_DAY = re.compile(
    r"(?:©|\(c\)|copyright|released?|born|joined|since|expires?|until|through|deadline|due|effective|starts?"
    r"|begins?|ends?|accessed|retrieved|founded|est\.?|valid|from|before|between|after|next|upcoming|last seen"
    r"|last visit|registered|visited|ago)\W*(?:on|by|date)?\W*$",
    re.IGNORECASE,
)
#: Names of elements that hold a date.
_DATED = re.compile(r"date|publi|posted|time|byline|meta", re.IGNORECASE)
