"""Options that reach into the machines of the workers, and who may use them."""

from __future__ import annotations

from scrapeq.api.problems import Refusal
from scrapeq.models import ScrapingConfig
from scrapeq.models.person import Person, Right


def check_allowed(person: Person, config: ScrapingConfig | None) -> None:
    """Nothing, if this person may use these options. Raises Refusal (403).

    A secret by name (`env:NAME`) is read where the workers run, and would go to whatever host the person
    names: a password of the database, too. A proxy is connected to wherever it is, and so are private
    addresses that a batch allows itself.
    """
    if config is None or person.right.includes(Right.ADMINISTER):
        return
    secrets = {**config.headers, **config.cookies}
    named = [name for name, one in secrets.items() if one.get_secret_value().startswith("env:")]
    reaching = {
        f"env:NAME as the value of {', '.join(sorted(named))[:200]}": bool(named),
        "proxy": config.proxy is not None,
        "allow_private_addresses": bool(config.allow_private_addresses),
        "storage_state": config.storage_state is not None,
    }
    _refuse([words for words, is_used in reaching.items() if is_used])


def check_may_notify(person: Person, url: str | None, secret: str | None) -> None:
    """Nothing, if this person may have these notifications sent. Raises Refusal (403).

    A variable of the workers' environment would be sent to, or sign, whatever the person names.
    """
    if person.right.includes(Right.ADMINISTER):
        return
    named = {"notify": url, "notify_secret": secret}
    _refuse(
        [f"env:NAME as {name}" for name, one in named.items() if (one or "").startswith("env:")]
    )


def _refuse(found: list[str]) -> None:
    if found:
        raise Refusal(
            403,
            f"{' and '.join(found)} may only be used with a token that may administer",
            "leave it out, or ask somebody whose token may administer to submit this",
        )
