"""A server that speaks OpenAI's protocol: asked again until it answers, or said in one line why it will not.

The client is httpx2, which huggingface_hub brings along: what is needed of the protocol is one POST and one GET. OpenAI's own
package would be one more dependency, whose types leave out what other servers add, and whose retries tell neither a
wrong model name from a busy server nor anybody what they wait for.
"""

import asyncio
import math
import os
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, TypeVar

import httpx2

from ..io.errors import InputError, nearest
from .complaints import Complaint, complaints_in
from .secret import masked
from .settings import Server

T = TypeVar("T")
Reader = Callable[[dict[str, Any]], T | None]

TRIES = 8
FIRST_WAIT = 0.5  # seconds, doubled with every try: a minute in all
LONGEST_WAIT = 600.0  # seconds that a server may ask for; a day's quota is not waited for
CONNECTING = 10.0  # seconds
SAID_EVERY = 10.0  # seconds between lines that say what is waited for
BUSY = (408, 409, 425, 429)  # and all of 500 and above
EXHAUSTED = ("insufficient_quota", "billing_hard_limit_reached")  # codes of a 429 that no waiting cures
PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")  # the client reads them in any case


class Refused(InputError):
    """The server will not answer this, however often it is asked; `status` is HTTP's, `complaints` its reasons."""

    def __init__(
        self, where: object, what: str, fix: str, status: int = 0, complaints: Sequence[Complaint] = ()
    ) -> None:
        super().__init__(where, what, fix)
        self.status, self.complaints = status, complaints


class Later(NamedTuple):
    """No answer yet: why, how many seconds the server asks to wait (None: it does not say), and of how many tries it counts."""

    why: str
    wait: float | None = None
    tries: int = 1


class Connection:
    """One server, as long as the event loop that it was made in runs."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.key = os.environ.get(server.key_variable, "").strip()
        if not (self.key.isascii() and self.key.isprintable()):
            raise InputError(server.key_variable, "holds what no key does", "export the key alone")
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        # The client's own limits hold for each chunk of a reply, which a server may dribble: whole replies are timed here.
        timeout = httpx2.Timeout(None, connect=CONNECTING)
        limits = httpx2.Limits(max_keepalive_connections=server.concurrency)
        with _named_surroundings():
            self.client = httpx2.AsyncClient(headers=headers, timeout=timeout, limits=limits)
        self._said = 0.0

    async def models(self) -> dict[str, int | None]:
        """The models that the server lists, each with the tokens it has room for where that is told.

        Asked once. Empty where a server keeps no list; raises InputError where none is there, or it refuses the key.
        """
        try:
            async with asyncio.timeout(CONNECTING):
                reply = await self.client.get(f"{self.server.base_url}/models")
        except TimeoutError:
            raise self._absent(f"no whole answer within {CONNECTING:g} s") from None
        except httpx2.TransportError as error:
            raise self._absent(str(error) or type(error).__name__) from None
        except httpx2.DecodingError as error:
            raise InputError(
                self.server.base_url,
                f"its answer cannot be decoded ({error})",
                "mend what is between, or base_url",
            ) from None
        if reply.status_code in (401, 403):
            raise self._refused(reply)
        try:
            listed = _parsed(reply)["data"] if reply.is_success else []
            room = {str(model["id"]): model.get("max_model_len") for model in listed}
            return {name: tokens if type(tokens) is int else None for name, tokens in room.items()}
        except (ValueError, LookupError, TypeError, AttributeError):
            return {}

    def _absent(self, why: str) -> InputError:
        what = f"nothing answers there ({why})"
        return InputError(self.server.base_url, what, "start the server, or mend base_url")

    async def ask(self, path: str, body: dict[str, Any], read: Reader[T]) -> T:
        """What `read` makes of the server's answer; None of it is half an answer, and asked for again.

        Raises Refused where the server says that the request is wrong, InputError when it stays away.
        """
        tried = 0
        while True:
            later = await self._once(path, body, read)
            if not isinstance(later, Later):
                return later
            tried += later.tries
            asked = later.wait or 0.0
            wait = max(asked, FIRST_WAIT * 2 ** (tried - 1) * random.uniform(1, 1.25))
            if tried >= TRIES or asked > LONGEST_WAIT:
                asks = f"; it asks to wait {asked:.0f} s" if asked > LONGEST_WAIT else ""
                raise InputError(
                    self.server.base_url,
                    f"{later.why}{asks}",
                    "what is answered is kept, and the same command goes on from there",
                )
            self._say(later.why, wait)
            await asyncio.sleep(wait)

    async def _once(self, path: str, body: dict[str, Any], read: Reader[T]) -> T | Later:
        try:
            async with asyncio.timeout(self.server.timeout):
                reply = await self.client.post(f"{self.server.base_url}/{path}", json=body)
        except TimeoutError:
            # Asked again only once: it may have cost as much as an answer.
            why = f"no answer within {self.server.timeout:g} s (a longer timeout, or less concurrency, may help)"
            return Later(why, tries=TRIES // 2)
        except httpx2.RequestError as error:
            return Later(f"the connection was lost ({str(error) or type(error).__name__})")
        if reply.is_success:
            answer = read(_content(reply))
            return Later(f"half an answer ({self._message(reply)})") if answer is None else answer
        if reply.status_code in BUSY or reply.status_code >= 500:
            return Later(self._failure(reply), _asked_to_wait(reply), TRIES if _is_exhausted(reply) else 1)
        listed = await self.models() if reply.status_code == 404 else {}
        raise self._refused(reply, str(body.get("model")), listed)

    def _refused(self, reply: httpx2.Response, model: str = "", listed: Iterable[str] = ()) -> Refused:
        """Why the server will not answer, with what can be done about it."""
        status, variable = reply.status_code, self.server.key_variable
        what = self._failure(reply)
        fix = "mend what it names"
        if status in (401, 403):
            held = "is not taken" if self.key else "is not set"
            what, fix = (
                f"the key in {variable} {held} ({what})",
                f"export {variable}, or name another variable",
            )
        elif status == 404 and (known := list(listed)):
            what, fix = f"no model {model!r} ({what})", nearest(model, known)
        elif status == 404:
            fix = "mend base_url, which most servers want to end in /v1, or the model's name"
        return Refused(self.server.base_url, what, fix, status, [*complaints_in(_parsed(reply))])

    def _failure(self, reply: httpx2.Response) -> str:
        """What came instead of an answer."""
        reason = masked(reply.reason_phrase, self.key)
        return f"{reply.status_code} {reason} ({self._message(reply)})"

    def _message(self, reply: httpx2.Response) -> str:
        """The server's own words, on one line, without the key, which some repeat."""
        content: Any = _content(reply)
        for key in ("error", "message", "detail"):
            content = content.get(key, content) if isinstance(content, dict) else content
        text = content if isinstance(content, str) else reply.text
        return " ".join(masked(text, self.key).split())[:240] or "no text"

    def _say(self, why: str, wait: float) -> None:
        if time.monotonic() - self._said > SAID_EVERY:
            self._said = time.monotonic()
            print(f"{self.server.base_url}: {why}; asked again in {wait:.0f} s", file=sys.stderr, flush=True)


@contextmanager
def _named_surroundings() -> Iterator[None]:
    """The client reads proxies and certificates from the environment as it is made: what of them is of no use, in one line."""
    try:
        yield
    except ImportError:  # the client's extra for SOCKS
        fix = "pip install socksio, name an http proxy there, or unset it"
        raise InputError(_proxies(), "names a SOCKS proxy, which needs socksio", fix) from None
    except OSError as error:
        what = f"no certificates can be read there ({error.strerror or error})"
        raise InputError(
            "SSL_CERT_FILE", what, "name a file of certificates that is there, or unset it"
        ) from None
    except (ValueError, httpx2.InvalidURL):  # whose own words may hold a proxy's password
        what, fix = "is no address of a proxy", "name one as http://host:port, or unset it"
        raise InputError(_proxies(), what, fix) from None


def _proxies() -> str:
    """Those of the variables that are set, as they are spelled."""
    return ", ".join(name for name, set_to in os.environ.items() if name.upper() in PROXIES and set_to)


def _content(reply: httpx2.Response) -> dict[str, Any]:
    """The JSON object of a reply; empty where it holds none."""
    content = _parsed(reply)
    return content if isinstance(content, dict) else {}


def _parsed(reply: httpx2.Response) -> Any:
    """What the JSON of a reply holds; its text where it is none.

    NaN and infinite numbers, which some servers write among their times, are read as null: no file of ours holds them.
    """
    try:
        return reply.json(parse_constant=lambda _: None, parse_float=_finite)
    except (ValueError, RecursionError):
        return reply.text


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _is_exhausted(reply: httpx2.Response) -> bool:
    """Whether a quota is used up, by the error's code: in words a server may speak of billing, and soon take more."""
    content = _content(reply)
    error = content.get("error", content)
    return isinstance(error, dict) and any(error.get(key) in EXHAUSTED for key in ("code", "type"))


def _asked_to_wait(reply: httpx2.Response) -> float | None:
    """Seconds, from a Retry-After of seconds or of a date (RFC 9110, section 10.2.3)."""
    said = reply.headers.get("retry-after", "")
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
