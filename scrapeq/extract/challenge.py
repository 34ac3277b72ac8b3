"""Checks that a person asks: whose they are, by what their services put into every one.

Only marks that stand in the check itself count. Most of these services also put a script into the
pages that they let through, and that script is no mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Characters of a page that are looked at: these pages are small, or begin with their marks.
LOOKED_AT = 64 * 1024


def challenge_by_headers(headers: Iterable[tuple[str, str]]) -> str | None:
    """The service that names itself in the headers of an answer; None if none does."""
    for name, value in headers:
        marked = _HEADERS.get(name.lower())
        if marked and re.search(marked[0], value, re.IGNORECASE):
            return marked[1]
    return None


def challenge_in(markup: str) -> str | None:
    """The service whose check a page is; None if it is none that is known."""
    start = markup[:LOOKED_AT]
    return next((service for mark, service in _MARKS.items() if mark in start), None)


#: By header: what its value holds in a check, and whose it is. Cloudflare, AWS and Vercel document
#: theirs; the others were seen.
_HEADERS: dict[str, tuple[str, str]] = {
    "cf-mitigated": ("challenge", "Cloudflare"),
    "x-amzn-waf-action": ("challenge|captcha", "AWS WAF"),
    "x-vercel-mitigated": ("challenge", "Vercel"),
    "x-datadome": ("protected", "DataDome"),
    "x-dd-b": ("", "DataDome"),
    "x-kpsdk-r": ("", "Kasada"),
    "x-sucuri-block": ("", "Sucuri"),
    "server": ("^ddos-guard", "DDoS-Guard"),
}
#: By what stands in the check itself, in its markup or its script.
_MARKS = {
    "_cf_chl_opt": "Cloudflare",
    "cf-browser-verification": "Cloudflare",
    'id="cf-challenge': "Cloudflare",
    "captcha-delivery.com/": "DataDome",
    'id="px-captcha': "HUMAN",
    "px-captcha-wrapper": "HUMAN",
    "Incapsula incident ID": "Imperva",
    "_Incapsula_Resource?CWUDNSAI=": "Imperva",
    "window.gokuProps": "AWS WAF",
    "AwsWafIntegration.checkForceRefresh": "AWS WAF",
    "AwsWafIntegration.forceRefreshToken": "AWS WAF",
    "sec-if-cpt-container": "Akamai",
    "/_sec/verify?provider=": "Akamai",
    "/_sec/cp_challenge/": "Akamai",
    "sucuri_cloudproxy_js": "Sucuri",
    'id="anubis_challenge"': "Anubis",
    ".within.website/x/cmd/anubis/": "Anubis",
    "/.well-known/vercel/security/": "Vercel",
    "/.well-known/ddos-guard/": "DDoS-Guard",
    "acw_sc__v2": "Alibaba Cloud",
    "/_____tmd_____/punish": "Alibaba Cloud",
    "/TSPD/?type=": "F5",
    "bobcmn": "F5",
    "/.well-known/sgcaptcha/": "SiteGround",
    "/.well-known/captcha/": "SiteGround",
    "/checkcaptcha?": "Yandex SmartCaptcha",
    'id="checkbox-captcha-form"': "Yandex SmartCaptcha",
    'id="captcha-form" action="index"': "Google",
    "/errors/validateCaptcha": "Amazon",
}
