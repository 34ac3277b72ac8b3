"""The address guard: which connected addresses may be asked.

It decides on the address that a socket is about to connect to, not on how it was written: by then
`http://2130706433/`, `http://0x7f.1/`, full-width digits and a name with a private address have
all become 127.0.0.1. Python's `is_global` alone lets several of the forms below pass (Python 3.11
calls 64:ff9b::7f00:1, which NAT64 translates to 127.0.0.1, global).
"""

from __future__ import annotations

import socket
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from scrapeq.fetch.failed import Failed
from scrapeq.models import ErrorKind


class Reach(Enum):
    """How far a connection may reach."""

    PUBLIC = "public"  # the internet
    PRIVATE = "private"  # that, this machine and the private networks around it
    CONFIGURED = "configured"  # the target was named by the operator: a proxy, or connect_to


class AddressRefused(OSError):
    """The guard refused an address. An OSError, so that clients hand it on as a failed connection."""

    def __init__(self, address: str, reach: Reach, reason: str) -> None:
        self.address = address
        self.reach = reach
        self.reason = reason
        super().__init__(f"{address} is {reason}")


_Network = IPv4Network | IPv6Network
_Address = IPv4Address | IPv6Address


def _networks(table: dict[str, str]) -> list[tuple[_Network, str]]:
    return [(ip_network(network), meaning) for network, meaning in table.items()]


#: Never asked, whatever is allowed: where clouds hand out credentials, and what is no address of
#: one machine. The instance metadata of AWS, Azure, Google, DigitalOcean, OpenStack and others is
#: within 169.254.0.0/16, and so are the credentials of AWS containers.
_NEVER = _networks(
    {
        "169.254.0.0/16": "a link-local address, where clouds keep credentials",
        "100.100.100.200/32": "the metadata address of a cloud",  # Alibaba
        "168.63.129.16/32": "the metadata address of a cloud",  # Azure's WireServer
        "192.0.0.192/32": "the metadata address of a cloud",  # Oracle Classic
        "fd00:ec2::/32": "the metadata address of a cloud",  # AWS
        "fd20:ce::254/128": "the metadata address of a cloud",  # Google
        "fd00:42::42/128": "the metadata address of a cloud",  # Scaleway
        "0.0.0.0/8": "an unspecified address",
        "224.0.0.0/4": "a multicast address",
        "240.0.0.0/4": "a reserved address",
        "::/128": "an unspecified address",
        "fe80::/10": "a link-local address",
        "ff00::/8": "a multicast address",
        "100::/64": "a reserved address",  # RFC 6666, discard
    }
)

#: IPv6 addresses that stand for an IPv4 one somewhere behind a translator (RFC 4291 2.5.5.1,
#: RFC 2765 2.1, RFC 8215, RFC 4380, RFC 3056): which machine answers is unknown, so no request is sent.
_TRANSLATED = _networks(
    {
        "::/96": "an IPv4 address in disguise",
        "::ffff:0:0:0/96": "an IPv4 address in disguise",
        "64:ff9b:1::/48": "an IPv4 address in disguise",
        "2001::/32": "an IPv4 address in disguise",
        "2002::/16": "an IPv4 address in disguise",
    }
)

#: Asked only if private addresses are allowed (IANA's special-purpose registries).
_PRIVATE = _networks(
    {
        "127.0.0.0/8": "an address of this machine",
        "::1/128": "an address of this machine",
        "10.0.0.0/8": "a private address",
        "172.16.0.0/12": "a private address",
        "192.168.0.0/16": "a private address",
        "100.64.0.0/10": "a private address",  # RFC 6598, carrier-grade NAT
        "192.0.0.0/24": "a private address",
        "192.88.99.0/24": "a reserved address",  # RFC 7526
        "198.18.0.0/15": "a private address",  # RFC 2544, benchmarks
        "192.0.2.0/24": "an address for documentation",
        "198.51.100.0/24": "an address for documentation",
        "203.0.113.0/24": "an address for documentation",
        "2001:db8::/32": "an address for documentation",
        "3fff::/20": "an address for documentation",
        "fc00::/7": "a private address",
        "fec0::/10": "a private address",
    }
)
_LOOPBACK = IPv6Address("::1")
_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")


def refusal(address: str, reach: Reach) -> str | None:
    """Why a connection to `address` (an IP address as text) may not be made; None if it may."""
    try:
        ip = _behind(ip_address(address.partition("%")[0]))
    except ValueError:
        return "not an IP address"
    if reason := _listed(ip, _NEVER):
        return reason
    if ip != _LOOPBACK and (reason := _listed(ip, _TRANSLATED)):
        return reason
    if reach is not Reach.PUBLIC:
        return None
    if reason := _listed(ip, _PRIVATE):
        return reason
    if not ip.is_global or (isinstance(ip, IPv6Address) and ip not in _GLOBAL_UNICAST):
        return "a reserved address"
    return None


def check(address: str, reach: Reach) -> None:
    """Do nothing if `address` may be connected to; raise AddressRefused if not."""
    if reason := refusal(address, reach):
        raise AddressRefused(address, reach, reason)


def guarded_socket(reach: Reach, address_info: Any) -> socket.socket:
    """A socket for `address_info` (as from getaddrinfo), if it may be connected to it.

    Raises AddressRefused. The client makes every connection through this, so also one to an IP
    address that was never looked up.
    """
    family, kind, protocol, _, address = address_info
    check(str(address[0]), reach)
    return socket.socket(family=family, type=kind, proto=protocol)


def failed(refused: AddressRefused, host: str) -> Failed:
    """The refusal as a failure that says which setting would allow it."""
    shown = refused.address if host.strip("[]") == refused.address else f"{host} leads to"
    subject = f"{shown} is" if shown == refused.address else f"{shown} {refused.address},"
    if refusal(refused.address, Reach.PRIVATE):
        hint = "it is never fetched"
    else:
        hint = (
            "allow_private_addresses=True, or SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=true where the "
            "workers run, lets it be fetched"
        )
    return Failed(ErrorKind.ADDRESS, f"{subject} {refused.reason}; {hint}")


def _behind(ip: _Address) -> _Address:
    """The IPv4 address that an IPv6 address stands for; otherwise the address itself.

    Mapped addresses (RFC 4291, section 2.5.5.2), and those of NAT64 (RFC 6052): on a network that
    has IPv6 only, every IPv4 site is reached through the latter, so they are judged and not
    refused.
    """
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped:
            return ip.ipv4_mapped
        if ip in _NAT64:
            return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def _listed(ip: _Address, table: list[tuple[_Network, str]]) -> str | None:
    return next((meaning for network, meaning in table if ip in network), None)
