"""Which addresses may be called, whatever they are written as."""

import ipaddress

import pytest
from django.core.exceptions import ImproperlyConfigured

from alertops.lib import networks
from alertops.lib.networks import Verdict

EVERYTHING = networks.read(["0.0.0.0/0", "::/0"])

PUBLIC = [
    "1.1.1.1",
    "93.184.216.34",
    "172.15.255.255",
    "172.32.0.1",
    "192.167.255.255",
    "100.63.255.255",
    "100.128.0.1",
    "2606:4700:4700::1111",
    "2a00:1450:4001:82b::200e",
    "::ffff:1.1.1.1",
]
PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.20",
    "100.64.0.1",  # carrier-grade NAT
    "100.127.255.255",
    "192.0.2.1",  # documentation
    "198.51.100.7",
    "203.0.113.7",
    "198.18.0.1",  # benchmarks
    "192.88.99.1",  # 6to4 relays
    "240.0.0.1",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",  # IPv4-compatible
    "::ffff:0:127.0.0.1",  # translated
    "64:ff9b::10.0.0.1",  # NAT64
    "64:ff9b::1.1.1.1",  # a public address, but by a translator of the operator's
    "64:ff9b:1::10.0.0.1",
    "64:ff9b:1:a00:0:100::",
    "2002:a00:1::",  # 6to4 of 10.0.0.1
    "2001:0:102:304:0:0:f5ff:fffe",  # Teredo of 10.0.0.1
    "2001:db8::1",
    "2001:20::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "4000::1",
    "100::1",
    "2606:4700::5efe:10.0.0.1",  # ISATAP
    "2606:4700::200:5efe:127.0.0.1",
]
NEVER = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fd00:42::42",
    "fe80::1",
    "fe80::a9fe:a9fe",
    "fe80::1%eth0",
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "224.0.0.1",
    "239.255.255.250",
    "255.255.255.255",
    "ff02::1",
    "ff0e::1",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "::169.254.169.254",
    "::ffff:0:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::169.254.169.254",
    "64:ff9b:1:a9fe:a9:fe00::",
    "2002:a9fe:a9fe::1",
    "2001:0:a9fe:a9fe::",  # Teredo with such a server
    "2001:0:101:101::5601:5601",  # Teredo of 169.254.169.254
    "2606:4700::5efe:169.254.169.254",
]


def verdict(text, listed=()):
    return networks.verdict(ipaddress.ip_address(text), networks.read(listed))


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_is_called(text):
    assert verdict(text) is Verdict.ALLOWED


@pytest.mark.parametrize("text", PRIVATE)
def test_a_private_address_is_called_only_when_it_is_listed(text):
    assert verdict(text) is Verdict.PRIVATE
    assert networks.verdict(ipaddress.ip_address(text), EVERYTHING) is Verdict.ALLOWED


@pytest.mark.parametrize("text", NEVER)
def test_some_addresses_are_never_called_whatever_is_listed(text):
    assert verdict(text) is Verdict.NEVER
    assert networks.verdict(ipaddress.ip_address(text), EVERYTHING) is Verdict.NEVER


@pytest.mark.parametrize(
    ("text", "listed", "expected"),
    [
        ("10.1.2.3", ["10.1.0.0/16"], Verdict.ALLOWED),
        ("10.2.2.3", ["10.1.0.0/16"], Verdict.PRIVATE),
        ("10.1.2.3", [" 10.1.2.3 ", ""], Verdict.ALLOWED),
        ("::ffff:10.1.2.3", ["10.1.0.0/16"], Verdict.ALLOWED),
        ("fd00::7", ["fd00::/64"], Verdict.ALLOWED),
        ("10.1.2.3", ["::/0"], Verdict.PRIVATE),
        ("64:ff9b::1.1.1.1", ["64:ff9b::/96"], Verdict.ALLOWED),
        ("64:ff9b::10.0.0.1", ["64:ff9b::/96"], Verdict.PRIVATE),
        ("64:ff9b::10.0.0.1", ["64:ff9b::/96", "10.0.0.0/8"], Verdict.ALLOWED),
        ("127.0.0.1", ["10.0.0.0/8"], Verdict.PRIVATE),
    ],
)
def test_what_is_listed_is_called_and_nothing_beside_it(text, listed, expected):
    assert verdict(text, listed) is expected


@pytest.mark.parametrize("text", ["10.0.0.0/33", "intranet", "10.0.0.1/8", "10.0.0.*", "fe80::/129"])
def test_a_network_that_is_none_is_told_with_the_setting(text):
    with pytest.raises(ImproperlyConfigured, match="ALERTOPS_OUTBOUND_NETWORKS") as caught:
        networks.read(["10.0.0.0/8", text])
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("169.254.0.0/16", True),
        ("169.254.169.254", True),
        ("fe80::/64", True),
        ("10.0.0.0/8", False),
        ("0.0.0.0/0", False),
    ],
)
def test_a_network_that_is_never_called_can_be_told(text, expected):
    assert networks.is_never(networks.read([text])[0]) is expected
