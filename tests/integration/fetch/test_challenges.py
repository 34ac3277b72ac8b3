"""An error that is a check against robots says so."""

from __future__ import annotations

import pytest

from scrapeq.fetch import Response
from scrapeq.models import PageKind

CHECK = b"<title>Just a moment...</title><script>window._cf_chl_opt={};</script>"


@pytest.mark.parametrize(
    ("body", "lines", "status", "service"),
    [
        (CHECK, (), "403 Forbidden", "Cloudflare"),
        (b"", ("cf-mitigated: challenge",), "403 Forbidden", "Cloudflare"),
        (b"", ("x-amzn-waf-action: captcha",), "405 Not Allowed", "AWS WAF"),
        (b"x" * 9_000 + CHECK, (), "503 Service Unavailable", "Cloudflare"),
        (b"<p>captcha-delivery.com/</p>", (), "429 Too Many Requests", "DataDome"),
    ],
)
def test_it_names_the_service(kit, stealth, body, lines, status, service):
    site = kit.Site({"/a": kit.page(body, *lines, status=status)})

    [result] = kit.visit(site, "/a", use_stealth=stealth)

    assert result.http_status == int(status[:3])
    assert f"check against robots ({service})" in result.message
    assert result.page_kind is PageKind.CHALLENGE
    assert service in result.page_kind_signal


@pytest.mark.parametrize("status", ["403 Forbidden", "503 Service Unavailable"])
def test_another_error_is_none(kit, status):
    site = kit.Site({"/a": kit.page(b"<h1>Forbidden</h1>", "Server: cloudflare", status=status)})

    [result] = kit.visit(site, "/a")

    assert not isinstance(result, Response)
    assert "robots" not in result.message
    assert result.page_kind is None
