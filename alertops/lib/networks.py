"""Which addresses this server may call: public ones, and those in networks that the operator has listed."""

import ipaddress
import socket
from collections.abc import Collection, Iterator
from enum import StrEnum

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from requests_hardened.ip_filter import InvalidIPAddress, get_ip_address

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Verdict(StrEnum):
    ALLOWED = "allowed"
    PRIVATE = "private"  # unless it is listed
    NEVER = "never"  # whatever is listed


# What a cloud or the link itself tells a machine about itself, keys among it; and what is no single machine.
NEVER = [
    ipaddress.ip_network(text)
    for text in (
        *("169.254.0.0/16", "fe80::/10"),  # link-local: most clouds' metadata
        *("fd00:ec2::/32", "fd20:ce::/32", "fd00:42::42/128"),  # metadata: Amazon, Google, Scaleway
        *("100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"),  # Alibaba, Azure, Oracle
        *("0.0.0.0/8", "::/128", "224.0.0.0/4", "255.255.255.255/32", "ff00::/8"),
    )
]
# Beyond what the filter of requests-hardened knows: the only IPv6 addresses that were ever given to anybody.
_GIVEN = ipaddress.IPv6Network("2000::/3")

# IPv4-compatible, translated, and NAT64 twice.
_LAST_32_BITS = [
    ipaddress.IPv6Network(text) for text in ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
]
_NAT64_BY_48_BITS = ipaddress.IPv6Network("64:ff9b:1::/48")
_ALL_32 = 0xFFFFFFFF
_ISATAP = (0x00005EFE, 0x02005EFE)  # bits 64 to 96


def verdict(address: Address, listed: Collection[Network] = ()) -> Verdict:
    """Say whether an address may be called. listed: the operator's networks.

    An IPv6 address that holds an IPv4 address (mapped, NAT64, 6to4, Teredo ...) must be allowed as both.
    """
    address = plain(address)
    inside = list(_held(address))
    if any(one in network for one in (address, *inside) for network in NEVER if _fits(one, network)):
        return Verdict.NEVER
    is_allowed = all(_is_listed(one, listed) or _is_public(one) for one in (address, *inside))
    return Verdict.ALLOWED if is_allowed else Verdict.PRIVATE


def plain(address: Address) -> Address:
    """Return the IPv4 address that the system calls for a mapped one; others as they are, without a zone."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    return address.ipv4_mapped or ipaddress.IPv6Address(int(address))


def read(texts: Collection[str]) -> list[Network]:
    """Return networks as they are written in the setting. Raises ImproperlyConfigured."""
    networks = []
    for text in filter(None, map(str.strip, texts)):
        try:
            networks.append(ipaddress.ip_network(text))
        except ValueError as error:
            raise ImproperlyConfigured(
                f"ALERTOPS_OUTBOUND_NETWORKS holds {text!r}, which is no network ({error}):"
                " write networks like 10.0.0.0/8 and single addresses like 192.168.1.20, separated by commas."
            ) from error
    return networks


def listed() -> list[Network]:
    """Return the networks that the operator has listed. Raises ImproperlyConfigured."""
    return read(settings.OUTBOUND_NETWORKS)


def is_never(network: Network) -> bool:
    """Tell whether a network is one that is never called, as a whole."""
    return any(
        isinstance(network, type(one)) and network.subnet_of(one)  # type: ignore[arg-type]
        for one in NEVER
    )


def _held(address: Address) -> Iterator[ipaddress.IPv4Address]:
    """Yield the IPv4 addresses that an IPv6 address may stand for."""
    if isinstance(address, ipaddress.IPv4Address) or int(address) <= 1:
        return
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    number = int(address)
    by_48_bits = (number >> 64 & 0xFFFF) << 16 | number >> 40 & 0xFFFF  # RFC 6052: 8 in the middle are zero
    if by_48_bits and address in _NAT64_BY_48_BITS:
        yield ipaddress.IPv4Address(by_48_bits)
    is_at_the_end = any(address in network for network in _LAST_32_BITS) or number >> 32 & _ALL_32 in _ISATAP
    if number & _ALL_32 and is_at_the_end:
        yield ipaddress.IPv4Address(number & _ALL_32)


def _is_listed(address: Address, listed: Collection[Network]) -> bool:
    return any(address in network for network in listed if _fits(address, network))


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address not in _GIVEN:
        return False
    try:  # it asks no name server: an address is its own answer
        get_ip_address(str(address), 80, allow_loopback=False)
    except (InvalidIPAddress, socket.gaierror):
        return False
    return True


def _fits(address: Address, network: Network) -> bool:
    return address.version == network.version
