"""The commands of the server: `scrapeq serve`, and `scrapeq token create`, `list` and `revoke`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scrapeq.models.person import Right

if TYPE_CHECKING:
    from scrapeq.pipeline.job_queue import JobQueue

tokens = typer.Typer(
    help="Make, list and revoke the tokens by which people speak with scrapeq serve.",
    no_args_is_help=True,
)


def serve(  # noqa: PLR0917 - typer's way to declare options
    host: Annotated[
        str, typer.Option(help="The address to listen on; others than this machine's need a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 8000,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A name that people reach it by, as behind a proxy; may be given again."),
    ] = None,
    behind: Annotated[
        list[str] | None,
        typer.Option(
            help="The address or network of a proxy before it, which says whose request it passes on "
            "(X-Forwarded-For); may be given again. Without, a proxy of this machine does."
        ),
    ] = None,
    tls_certificate: Annotated[
        Path | None, typer.Option(help="Speak TLS, with the certificate in this file (PEM).")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The certificate's key (PEM).")] = None,
    requests_per_minute: Annotated[
        int, typer.Option(min=1, help="What one token may ask for; more is answered with 429.")
    ] = 3_000,
) -> None:
    """Serve the REST API and the dashboard to people with tokens, until it is interrupted."""
    from scrapeq.api.serve import Serving, serve_team

    def say(address: str) -> None:
        typer.echo(f"the API is at {address}/v1, its documentation at {address}/v1/docs")
        typer.echo(f"the dashboard is at {address}", err=True)

    serving = Serving(
        host=host,
        port=port,
        names=tuple(allow_host or ()),
        certificate=tls_certificate,
        key=tls_key,
        requests_per_minute=requests_per_minute,
        behind=tuple(behind or ()),
    )
    serve_team(say, serving, warn=lambda text: typer.echo(text, err=True))


@tokens.command()
def create(
    person: Annotated[str, typer.Argument(help="Whose it is: the owner of what they submit.")],
    right: Annotated[
        Right,
        typer.Option(help="read: look at all batches; submit: and make own ones; administer: all."),
    ] = Right.SUBMIT,
    days: Annotated[
        float | None, typer.Option(help="Days until it is of no use; without, until it is revoked.")
    ] = None,
) -> None:
    """Make a token for a person, and print it: it is shown this once."""
    from scrapeq.client import access

    known, token = access.create_token(_queue(), person, right, days)
    typer.echo(
        f"token {known.id} of {person} may {right}; keep it, it is not shown again", err=True
    )
    typer.echo(token)


@tokens.command("list")
def list_() -> None:
    """List the tokens of this project: whose, what they may do, since when and until when."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from scrapeq import display
    from scrapeq.client import access

    table = Table("id", "person", "right", "state", "made", "until", box=None, pad_edge=False)
    for one in access.list_tokens(_queue()):
        end = min((at for at in (one.revoked_at, one.expires_at) if at), default=None)
        until = display.moment(end) if end else "without end"
        person = escape(display.plain(one.person))
        made = display.moment(one.created_at)
        table.add_row(one.id, person, one.right.value, one.state, made, until)
    Console().print(table)


@tokens.command()
def revoke(
    token: Annotated[str, typer.Argument(help="The id of a token, or a person: all of theirs.")],
) -> None:
    """Let a token be of no use any more, a second from now at most."""
    from scrapeq.client import access

    count = access.revoke_tokens(_queue(), token)
    typer.echo(f"{count:,} {'token is' if count == 1 else 'tokens are'} revoked", err=True)


def _queue() -> JobQueue:
    from scrapeq.pipeline.job_queue import get_looking_queue

    return get_looking_queue()
