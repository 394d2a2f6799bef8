"""Tricks by which people make a server call what it must not, against real servers that count callers."""

import errno
import socket

import pytest

from alertops.lib import http
from tests.web import RudeServer, WebServer

# What a name server tells: names whose owner has pointed them inwards.
NAMES = {
    "localhost": ["127.0.0.1"],
    "localhost.": ["127.0.0.1"],
    "ip6-localhost": ["::1"],
    "inside.example.com": ["127.0.0.1"],
    "inside.example.com.": ["127.0.0.1"],
    "inside6.example.com": ["::1"],
    "mapped.example.com": ["::ffff:127.0.0.1"],
    "translated.example.com": ["64:ff9b::7f00:1"],
    "both.example.com": ["127.0.0.1", "::1"],
    "office.example.com": ["10.20.30.40"],
    "metadata.google.internal": ["169.254.169.254"],
    "metadata.example.com": ["169.254.169.254", "::ffff:169.254.169.254"],
    "xn--mnchen-3ya.example.com": ["127.0.0.1"],
    "xn--n3h.example.com": ["127.0.0.1"],
    "unix": ["127.0.0.1"],
}
AT_LOOPBACK = {
    "as it is": "http://127.0.0.1:{port}/",
    "in capitals": "HTTP://127.0.0.1:{port}/",
    "another address of the loop": "http://127.0.0.53:{port}/",
    "the last of the loop": "http://127.255.255.254:{port}/",
    "one number": "http://2130706433:{port}/",
    "one hexadecimal number": "http://0x7f000001:{port}/",
    "one hexadecimal number in capitals": "http://0X7F000001:{port}/",
    "one octal number": "http://017700000001:{port}/",
    "octal parts": "http://0177.0.0.01:{port}/",
    "hexadecimal parts": "http://0x7f.0x0.0x0.0x1:{port}/",
    "mixed parts": "http://0x7f.0.0.01:{port}/",
    "two parts": "http://127.1:{port}/",
    "three parts": "http://127.0.1:{port}/",
    "leading zeros": "http://0000177.0.0.1:{port}/",
    "no address": "http://0:{port}/",
    "no address in full": "http://0.0.0.0:{port}/",
    "no address by IPv6": "http://[::]:{port}/",
    "IPv6": "http://[::1]:{port}/",
    "IPv6 in full": "http://[0000:0000:0000:0000:0000:0000:0000:0001]:{port}/",
    "mapped": "http://[::ffff:127.0.0.1]:{port}/",
    "mapped in hexadecimal": "http://[::ffff:7f00:1]:{port}/",
    "mapped in full": "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/",
    "IPv4-compatible": "http://[::127.0.0.1]:{port}/",
    "translated": "http://[::ffff:0:127.0.0.1]:{port}/",
    "NAT64": "http://[64:ff9b::127.0.0.1]:{port}/",
    "NAT64 of one's own": "http://[64:ff9b:1::127.0.0.1]:{port}/",
    "6to4": "http://[2002:7f00:1::]:{port}/",
    "Teredo": "http://[2001:0:7f00:1::80ff:fffe]:{port}/",
    "name": "http://localhost:{port}/",
    "name in capitals": "http://LOCALHOST:{port}/",
    "name with a dot": "http://localhost.:{port}/",
    "name by IPv6": "http://ip6-localhost:{port}/",
    "stranger's name": "http://inside.example.com:{port}/",
    "stranger's name with a dot": "http://inside.example.com.:{port}/",
    "stranger's name by IPv6": "http://inside6.example.com:{port}/",
    "stranger's name, mapped": "http://mapped.example.com:{port}/",
    "stranger's name, NAT64": "http://translated.example.com:{port}/",
    "stranger's name with both": "http://both.example.com:{port}/",
    "name with an umlaut": "http://münchen.example.com:{port}/",
    "name in punycode": "http://xn--mnchen-3ya.example.com:{port}/",
    "name with a picture": "http://☃.example.com:{port}/",
    "wide digits": "http://１２７.０.０.１:{port}/",
    "digits in circles": "http://①②⑦.⓪.⓪.①:{port}/",
    "wide dots": "http://127。0。0。1:{port}/",
    "half-wide dots": "http://127｡0｡0｡1:{port}/",
    "wide letters": "http://ｌｏｃａｌｈｏｓｔ:{port}/",
    "letters in circles": "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/",
    "user before it": "http://example.com@127.0.0.1:{port}/",
    "user and password before it": "http://example.com:80@127.0.0.1:{port}/",
    "user that looks like a path": "http://example.com%2F@127.0.0.1:{port}/",
    "empty user": "http://@127.0.0.1:{port}/",
    "two at signs": "http://example.com@nobody@127.0.0.1:{port}/",
    "at sign before a fragment": "http://127.0.0.1:{port}#@example.com/",
    "at sign before a query": "http://127.0.0.1:{port}?@example.com/",
    "backslash": "http://127.0.0.1:{port}\\@example.com/",
    "backslashes for slashes": "http:\\\\127.0.0.1:{port}\\",
    "backslash after a host": "http://example.com\\@127.0.0.1:{port}/",
    "percent in the host": "http://127.0.0%2e1:{port}/",
    "percent for all of it": "http://%31%32%37%2e%30%2e%30%2e%31:{port}/",
    "percent for the loop": "http://%6c%6f%63%61%6c%68%6f%73%74:{port}/",
    "space before it": " http://127.0.0.1:{port}/",
    "space within": "http://127.0.0.1 :{port}/",
    "space as another host": "http://127.0.0.1:{port} .example.com/",
    "tabulator in the scheme": "ht\ttp://127.0.0.1:{port}/",
    "line break in the scheme": "http\n://127.0.0.1:{port}/",
    "tabulator in the host": "http://127.0.\t0.1:{port}/",
    "null in the host": "http://127.0.0.1\x00.example.com:{port}/",
    "null in percent": "http://127.0.0.1%00.example.com:{port}/",
    "line break in the host": "http://127.0.0.1\r\n.example.com:{port}/",
    "another request in the path": "http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: inside\r\n\r\nGET /keys",
    "line separator": "http://127.0.0.1\u2028:{port}/",
    "soft hyphen": "http://local\u00adhost:{port}/",
    "nothing between": "http://local\u200bhost:{port}/",
    "wide space": "http://127.0.0.1\u3000:{port}/",
    "direction marks": "http://\u202e1.0.0.721:{port}/",
    "half of a character": "http://127.0.0.1:{port}/\ud800",
    "zone": "http://[::1%25lo]:{port}/",
    "zone without percent": "http://[::1%lo]:{port}/",
    "open bracket": "http://[::1:{port}/",
    "brackets around a name": "http://[localhost]:{port}/",
    "brackets around IPv4": "http://[127.0.0.1]:{port}/",
    "something after the bracket": "http://[::1]example.com:{port}/",
    "two ports": "http://127.0.0.1:80:{port}/",
    "port with a sign": "http://127.0.0.1:+{port}/",
    "port with a space": "http://127.0.0.1:{port} /",
    "port with wide digits": "http://127.0.0.1:８０/",
    "port beyond the last": "http://127.0.0.1:99999/",
    "port that wraps around": "http://127.0.0.1:{wrapped}/",
    "no slashes": "http:127.0.0.1:{port}/",
    "one slash": "http:/127.0.0.1:{port}/",
    "three slashes": "http:///127.0.0.1:{port}/",
    "no scheme": "//127.0.0.1:{port}/",
    "no scheme at all": "127.0.0.1:{port}/",
    "no host": "http://:{port}/",
    "only a dot": "http://.:{port}/",
    "dots": "http://..127.0.0.1:{port}/",
    "a label that is too long": "http://" + "a" * 64 + ".127.0.0.1:{port}/",
    "too long": "http://127.0.0.1:{port}/" + "a" * 4000,
    "https": "https://127.0.0.1:{port}/",
    "websocket": "ws://127.0.0.1:{port}/",
    "gopher": "gopher://127.0.0.1:{port}/_GET%20/",
    "ftp": "ftp://127.0.0.1:{port}/",
    "dict": "dict://127.0.0.1:{port}/info",
    "file": "file:///etc/passwd",
    "file on a host": "file://127.0.0.1:{port}/etc/passwd",
    "data": "data:text/plain,hello",
    "script": "javascript:alert(1)",
    "unix socket": "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
    "unix socket as host": "http://unix:/var/run/docker.sock:/info",
    "scheme within a scheme": "url:http://127.0.0.1:{port}/",
    "jar": "jar:http://127.0.0.1:{port}!/",
    "empty": "",
}
ELSEWHERE = {
    "an office": "http://office.example.com/",
    "private": "http://10.0.0.1/",
    "private in the middle": "http://172.16.0.1/",
    "private at home": "http://192.168.1.1/",
    "carrier": "http://100.64.0.1/",
    "unique local": "http://[fd00::1]/",
    "site-local": "http://[fec0::1]/",
}
NEVER = {
    "Amazon": "http://169.254.169.254/latest/meta-data/",
    "Amazon, one number": "http://2852039166/",
    "Amazon, octal": "http://0251.0376.0251.0376/",
    "Amazon, hexadecimal": "http://0xa9fea9fe/",
    "Amazon, two parts": "http://169.16689662/",
    "Amazon, mapped": "http://[::ffff:169.254.169.254]/",
    "Amazon, NAT64": "http://[64:ff9b::a9fe:a9fe]/",
    "Amazon, 6to4": "http://[2002:a9fe:a9fe::]/",
    "Amazon, IPv6": "http://[fd00:ec2::254]/",
    "Amazon, containers": "http://169.254.170.2/v2/credentials",
    "Amazon, pods": "http://[fd00:ec2::23]/",
    "Google": "http://metadata.google.internal/computeMetadata/v1/",
    "Google, IPv6": "http://[fd20:ce::254]/",
    "Azure": "http://168.63.129.16/machine?comp=goalstate",
    "Alibaba": "http://100.100.100.200/latest/meta-data/",
    "Oracle": "http://192.0.0.192/latest/",
    "Scaleway": "http://[fd00:42::42]/",
    "a stranger's name": "http://metadata.example.com/",
    "wide digits": "http://１６９.２５４.１６９.２５４/",
    "link-local": "http://[fe80::1]/",
    "no address": "http://0.0.0.0/",
    "no address by IPv6": "http://[::]/",
    "a group": "http://224.0.0.1/",
    "a group by IPv6": "http://[ff02::1]/",
    "everybody": "http://255.255.255.255/",
}
PORTS = [22, 25, 53, 110, 445, 465, 587, 3306, 5432, 6379, 6667, 11211, 27017]


def look_up(host, _port):
    """Answer as a name server would that has the names above; numbers are read as the system reads them."""
    if (known := NAMES.get(host.lower())) is not None:
        return known
    found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return [place[0] for *_kind, place in found]


@pytest.fixture(scope="module")
def servers():
    """Something inside, at both addresses of the loop, that nobody may reach."""
    with WebServer() as server, WebServer("::1", port=server.port) as by_ipv6:
        yield server, by_ipv6


def try_to_call(url, servers, **options):
    with pytest.raises(http.Unreachable) as caught:
        http.call("GET", url, resolve=look_up, **options)
    assert [server.received for server in servers] == [[], []]
    return caught.value


@pytest.mark.parametrize("url", AT_LOOPBACK.values(), ids=AT_LOOPBACK)
def test_nothing_inside_is_reached(servers, url):
    port = servers[0].port

    refusal = try_to_call(url.format(port=port, wrapped=port + 65536), servers)

    assert type(refusal) is http.Refused
    assert str(refusal)


@pytest.mark.parametrize("url", ELSEWHERE.values(), ids=ELSEWHERE)
def test_the_refusal_of_a_private_address_names_the_setting(servers, url):
    assert "ALERTOPS_OUTBOUND_NETWORKS" in str(try_to_call(url, servers))


@pytest.mark.parametrize("url", NEVER.values(), ids=NEVER)
def test_metadata_is_not_reached_even_when_everything_is_listed(servers, settings, url):
    settings.OUTBOUND_NETWORKS = ["0.0.0.0/0", "::/0"]

    refusal = try_to_call(url, servers)

    assert type(refusal) is http.Refused
    assert "ALERTOPS_OUTBOUND_NETWORKS" not in str(refusal)


@pytest.mark.parametrize("port", PORTS)
def test_what_does_not_speak_http_is_not_called_even_when_it_is_listed(servers, settings, port):
    settings.OUTBOUND_NETWORKS = ["127.0.0.0/8"]

    assert f"Port {port}" in str(try_to_call(f"http://127.0.0.1:{port}/", servers))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://inside.example.com:{port}/",
        "http://2130706433:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://both.example.com:{port}/",
    ],
)
def test_what_the_operator_has_listed_is_reached(settings, url):
    settings.OUTBOUND_NETWORKS = ["127.0.0.1"]
    with WebServer() as server:
        assert http.call("GET", url.format(port=server.port), resolve=look_up).status == 200
        assert len(server.received) == 1


def test_a_name_that_changes_its_mind_is_asked_once_and_believed_once(settings):
    """DNS rebinding: the address that was checked is the one that is connected to."""
    settings.OUTBOUND_NETWORKS = ["127.0.0.1"]
    asked = []

    def look_up_anew(host, _port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["::1"]

    with WebServer() as outside, WebServer("::1", port=outside.port) as inside:
        http.call("GET", f"http://rebound.example.com:{outside.port}/", resolve=look_up_anew)

        assert (len(asked), len(outside.received), len(inside.received)) == (1, 1, 0)


def test_of_a_name_with_a_good_and_a_bad_address_only_the_good_one_is_called(settings):
    settings.OUTBOUND_NETWORKS = ["127.0.0.1"]
    with WebServer() as outside, WebServer("::1", port=outside.port) as inside:
        url = f"http://mixed.example.com:{outside.port}/"
        http.call("GET", url, resolve=lambda _host, _port: ["169.254.169.254", "::1", "127.0.0.1"])

        assert (len(outside.received), len(inside.received)) == (1, 0)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_redirect_is_followed(settings, status, method):
    settings.OUTBOUND_NETWORKS = ["127.0.0.1"]
    with WebServer() as server, WebServer("::1") as inside:
        server.answers(status, headers={"Location": f"http://[::1]:{inside.port}/keys"})

        answer = http.call(method, f"{server.url}/", body=b"a push")

        assert (answer.status, inside.received) == (status, [])
        assert len(server.received) == 1


@pytest.mark.parametrize(
    "line", [b"Location: http://169.254.169.254/", b"Refresh: 0; url=http://127.0.0.1/", b'Alt-Svc: h2=":1"']
)
def test_no_other_way_of_sending_us_on_works(settings, line):
    settings.OUTBOUND_NETWORKS = ["127.0.0.1"]

    def send_on(connection, _is_over):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + line + b"\r\nContent-Length: 0\r\n\r\n")

    with RudeServer(send_on) as server:
        assert http.call("GET", server.url).status == 200
        assert server.connections == 1


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_of_the_environment_is_not_used(settings, monkeypatch, name):
    settings.OUTBOUND_NETWORKS = ["127.0.0.1"]
    with WebServer() as server, WebServer() as proxy:
        monkeypatch.setenv(name, proxy.url)

        http.call("GET", f"{server.url}/")

        assert (len(server.received), proxy.received) == (1, [])


def test_a_password_file_of_the_environment_is_not_used(settings, monkeypatch, tmp_path):
    settings.OUTBOUND_NETWORKS = ["127.0.0.1"]
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login operator password hush\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with WebServer() as server:
        http.call("GET", f"{server.url}/")

        assert "authorization" not in server.received[0].headers


def test_an_address_that_answers_nothing_gives_way_to_the_next(settings):
    settings.OUTBOUND_NETWORKS = ["127.0.0.1", "::1"]
    with WebServer() as server:
        url = f"http://both.example.com:{server.port}/"
        assert http.call("GET", url, resolve=lambda _host, _port: ["::1", "127.0.0.1"]).status == 200


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (socket.gaierror(socket.EAI_NONAME, "no such name"), "the name is not known here"),
        (OSError(errno.ENETUNREACH, "no network"), "the name is not known here"),
        (UnicodeError("label too long"), "the name is not known here"),
    ],
)
def test_a_name_that_is_not_known_is_told(failure, why):
    def fail(_host, _port):
        raise failure

    with pytest.raises(http.Unreachable, match=why) as caught:
        http.call("GET", "http://nobody.example.com/", resolve=fail)
    assert type(caught.value) is http.Unreachable
