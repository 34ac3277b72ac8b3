"""Which addresses may be connected to."""

from __future__ import annotations

import socket

import pytest
from yarl import URL

from scrapeq import urls
from scrapeq.fetch.guard import AddressRefused, Reach, failed, guarded_socket, refusal
from scrapeq.testing.hostile.addresses import SPELLINGS, Spelling

PUBLIC = ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:8.8.8.8"]
PUBLIC += ["64:ff9b::808:808"]  # a public address behind NAT64
_PRIVATE = """
    127.0.0.1 127.255.255.254 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1
    192.0.0.1 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 192.88.99.1
    ::1 fc00::1 fd12:3456::1 fec0::1 2001:db8::1 3fff::1 5f00::1 4000::1 ::ffff:127.0.0.1
    ::ffff:10.0.0.1 64:ff9b::7f00:1 64:ff9b::a00:1
"""
PRIVATE = _PRIVATE.split()
_NEVER = """
    169.254.169.254 169.254.170.2 169.254.0.1 100.100.100.200 168.63.129.16 192.0.0.192
    fd00:ec2::254 fd20:ce::254 0.0.0.0 0.1.2.3 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255
    :: fe80::1 fe80::1%eth0 ff02::1 100::1
    ::ffff:169.254.169.254 ::ffff:0.0.0.0 ::169.254.169.254 ::7f00:1 64:ff9b::a9fe:a9fe
    64:ff9b:1::7f00:1 ::ffff:0:7f00:1 ::ffff:0:808:808 2002:7f00:1:: 2002:a9fe:a9fe:: 2001:0:7f00:1:: nonsense
"""
NEVER = _NEVER.split()


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet_is_reached(address):
    assert refusal(address, Reach.PUBLIC) is None


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_need_permission(address):
    assert refusal(address, Reach.PUBLIC)
    assert refusal(address, Reach.PRIVATE) is None


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_never_reached(address):
    assert all(refusal(address, reach) for reach in Reach)


LITERALS = [
    one for one in SPELLINGS if one.ends == "address" and not one.name.startswith("localhost")
]


@pytest.mark.parametrize("spelling", LITERALS, ids=lambda one: one.name)
def test_an_address_is_judged_by_what_it_is_and_not_by_how_it_is_written(spelling: Spelling):
    parsed = urls.parse(spelling.url.replace("{port}", "80"))
    assert isinstance(parsed, urls.Url)
    address = (URL(parsed.href, encoded=True).raw_host or "").rstrip(".")

    assert refusal(address, Reach.PUBLIC)
    assert bool(refusal(address, Reach.PRIVATE)) is spelling.never


def test_no_socket_is_made_for_a_refused_address():
    info = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))

    with pytest.raises(AddressRefused):
        guarded_socket(Reach.PUBLIC, info)
    guarded_socket(Reach.PRIVATE, info).close()


def test_a_refusal_says_which_setting_would_allow_it():
    private = failed(AddressRefused("10.0.0.7", Reach.PUBLIC, "a private address"), "shop.example")
    metadata = failed(AddressRefused("169.254.169.254", Reach.PUBLIC, "x"), "169.254.169.254")

    assert private.message.startswith("shop.example leads to 10.0.0.7, a private address; allow_")
    assert "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=true" in private.message
    assert "allow_private" not in metadata.message
