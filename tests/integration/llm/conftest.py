"""An endpoint that says what a test tells it to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.model_endpoint import Endpoint


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    one = Endpoint()
    yield one
    one.close()
