"""A real kernel, spoken to as JupyterLab speaks to it, with a little web and a home of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from scrapeq.testing import LittleWeb

PATIENCE_S = 180


@dataclass
class Ran:
    """What a cell left: its outputs, what it printed, and the error that it ended with."""

    status: str
    printed: str = ""
    bundles: list[dict[str, Any]] = field(default_factory=list)
    traceback: str = ""
    help: str = ""

    @property
    def text(self) -> str:
        """The text of its outputs."""
        return "\n".join(bundle.get("text/plain", "") for bundle in self.bundles)

    @property
    def html(self) -> str:
        """The HTML of its outputs."""
        return "\n".join(bundle.get("text/html", "") for bundle in self.bundles)


class Kernel:
    """A kernel, and what a front end asks of it."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client

    def run(self, code: str) -> Ran:
        """Run a cell and wait for its end."""
        ran = Ran("")

        def hear(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] in {"display_data", "execute_result"}:
                ran.bundles.append(content["data"])
            elif message["msg_type"] == "stream":
                ran.printed += content["text"]
            elif message["msg_type"] == "error":
                ran.traceback += "\n".join(content["traceback"])

        reply = self._client.execute_interactive(code, timeout=PATIENCE_S, output_hook=hear)
        ran.status = reply["content"]["status"]
        payload = reply["content"].get("payload", [])
        ran.help = "\n".join(page["data"]["text/plain"] for page in payload if "data" in page)
        return ran

    def value(self, expression: str) -> str:
        """The representation of an expression's value."""
        ran = self.run(f"print(repr({expression}))")
        assert ran.status == "ok", ran.traceback
        return ran.printed.strip()

    def complete(self, code: str) -> list[str]:
        """What the tab key offers at the end of the code."""
        reply = self._client.complete(code, len(code), reply=True, timeout=PATIENCE_S)
        content = reply["content"]
        return [code[: content["cursor_start"]] + text for text in content["matches"]]


@pytest.fixture(scope="module")
def web() -> Iterator[LittleWeb]:
    with LittleWeb(hosts=4) as little:
        yield little


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel that scrapes with one worker and has the extension loaded."""
    folder = tmp_path_factory.mktemp("notebook")
    own = {
        "SCRAPEQ_HOME": f"{folder}/home",
        "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES": "true",
        "SCRAPEQ_WORKERS": "1",
        "IPYTHONDIR": f"{folder}/ipython",
        "JUPYTER_RUNTIME_DIR": f"{folder}/runtime",
    }
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env={**os.environ, **own}, cwd=str(folder))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=PATIENCE_S)
        started = Kernel(client)
        loaded = started.run("%load_ext scrapeq")
        assert (loaded.status, loaded.printed) == ("ok", ""), loaded.traceback
        started.run("import pandas as pd")
        yield started
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=False)
        manager.cleanup_resources()
