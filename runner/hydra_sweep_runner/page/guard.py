"""Refuses requests that pages of other sites make a browser send: under a name of theirs that leads
to 127.0.0.1 (DNS rebinding; told by `Host`), or by a link, a form or a script (told by
`Sec-Fetch-Site` and `Origin`). Requests that change something need the page's token, too, which
`page.application` asks for.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

#: The names under which this server is asked for. The port may be another, as through ssh -L.
HOSTS = ("127.0.0.1", "localhost")

#: Sent with every answer.
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

#: The header that holds the token.
TOKEN = "x-runner-token"


def refusal(method: str, path: str, headers: Mapping[str, str]) -> str | None:
    """Why a request is not answered; None if it is. `headers` have lower-case names."""
    host = headers.get("host", "")
    if not _is_here(host):
        return f"Host {host[:80]!r} is not this machine: ask for http://127.0.0.1"
    site = headers.get("sec-fetch-site", "none")
    is_link = method == "GET" and path == "/" and headers.get("sec-fetch-mode") == "navigate"
    if site not in ("none", "same-origin") and not is_link:
        return "a page of another site has no business here"
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return f"a page of {origin[:80]} has no business here"
    return None


def has_token(headers: Mapping[str, str], token: str) -> bool:
    """Whether a request carries the page's token."""
    return hmac.compare_digest(headers.get(TOKEN, "").encode(), token.encode())


def _is_here(host: str) -> bool:
    name, colon, port = host.partition(":")
    return name.lower() in HOSTS and (not colon or (port.isascii() and port.isdigit()))
