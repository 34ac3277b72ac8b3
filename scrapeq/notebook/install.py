"""Making a notebook show live cards where it would show a representation."""

from __future__ import annotations

from scrapeq.display import kernel_shell


def install() -> None:
    """Let this kernel show a batch as a live card. A second call, or no kernel, changes nothing."""
    shell = kernel_shell()
    if shell is None:
        return
    formatter = shell.display_formatter.ipython_display_formatter
    formatter.for_type_by_name("scrapeq.client.handle", "BatchHandle", _show)
    formatter.for_type_by_name("scrapeq.client.remote.batch", "RemoteBatch", _show)


def _show(handle: object) -> None:
    # ipywidgets takes a third of a second to import, and not every notebook shows a card
    from scrapeq.notebook.live import show

    show(handle)  # type: ignore[arg-type]
