"""What a robots.txt means for the name scrapeq."""

from __future__ import annotations

import pytest

from scrapeq.fetch.robots import MAX_CRAWL_DELAY_S, parse_rules

SITE = "https://shop.example"


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/a", True),
        ("<html>not found</html>", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),  # the longer rule
        ("User-agent: *\nDisallow: /a/b\nAllow: /a", "/a/b/c", False),
        ("User-agent: *\nAllow: /p\nDisallow: /", "/page", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a", "/a", True),  # equal: the kinder one
        ("User-agent: *\nDisallow: /*.gif$", "/x/y.gif", False),
        ("User-agent: *\nDisallow: /*.gif$", "/x/y.gif?z", True),
        ("User-agent: *\nDisallow: /a%3cd.html", "/a%3Cd.html", False),
        ("\ufeffUser-agent: *\nDisallow: /", "/a", False),  # a byte order mark
        ("User-agent: scrapeq\nDisallow: /\n\nUser-agent: *\nDisallow:", "/a", False),
        ("User-agent: scrapeq\nDisallow:\n\nUser-agent: *\nDisallow: /", "/a", True),
        ("User-agent: ScrapeQ/2.0 (web)\nDisallow: /", "/a", False),
        ("User-agent: scrapeqbot\nDisallow: /", "/a", True),
        ("User-agent: another bot\nDisallow: /", "/a", True),
        ("User-agent: x\nUser-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nSitemap: /s.xml\nUser-agent: x\nDisallow: /", "/a", False),
        ("User-agent: *\nhello there\nUser-agent: x\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow: https://shop.example/a", "/a", True),
        ("User-agent: *\rDisallow: /a\r", "/a", False),
        ("user-agent:*\ndisallow:/a # why", "/a", False),
        ("User agent: *\nDissallow: /a", "/a", False),
        ("User-agent *\nDisallow /a", "/a", False),
        ("Disallow: /", "/a", True),  # of no group
        # A Crawl-delay is no rule for Google's parser, so it ends no list of user agents
        ("User-agent: *\nCrawl-delay: 5\nUser-agent: x\nDisallow: /", "/a", False),
        ("User-agent: scrapeq\nCrawl-delay: 5\n\nUser-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: scrapeq\nCrawl-delay: 5", "/a", True),
        ("User-agent: *\nCrawl-delay: 5\nDisallow: /", "/a", False),
    ],
)
def test_rules(text, path, allowed):
    assert parse_rules(text).allows(f"{SITE}{path}") is allowed


@pytest.mark.parametrize(
    ("text", "delay_ms"),
    [
        ("User-agent: *\nCrawl-delay: 5\nDisallow: /x", 5000),
        ("User-agent: *\nCrawl-delay: 0.5", 500),
        ("User-agent: *\nCrawl-delay: soon", 0),
        ("User-agent: *\nCrawl-delay: -3", 0),
        ("User-agent: *\nCrawl-delay: nan", 0),
        ("User-agent: *\nCrawl-delay: 1e300", MAX_CRAWL_DELAY_S * 1000),
        ("User-agent: *\nCrawl-delay: 5\n\nUser-agent: scrapeq\nCrawl-delay: 2", 2000),
        ("User-agent: other\nCrawl-delay: 5", 0),
        ("User-agent: x\nCrawl-delay: 5\nUser-agent: *\nDisallow: /", 0),
    ],
)
def test_crawl_delay(text, delay_ms):
    assert parse_rules(text).crawl_delay_ms == delay_ms


def test_half_a_million_bytes_of_agents_or_rules_are_read():
    agents = "\n".join(f"User-agent: a{number}" for number in range(25_000)) + "\nDisallow: /"
    rules = "User-agent: *\n" + "\n".join(f"Disallow: /*a*b{n}*c" for n in range(20_000))

    assert parse_rules(agents).allows(f"{SITE}/a")
    assert parse_rules(rules).allows(f"{SITE}/{'a' * 5000}")
