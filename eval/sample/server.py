"""Many requests to a server at once, from code that knows no event loop."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from .connection import Connection
from .settings import Server

T = TypeVar("T")
END = object()  # what no job results in


def listed_models(server: Server) -> dict[str, int | None]:
    """As `Connection.models`, for who has no event loop."""

    async def look() -> dict[str, int | None]:
        connection = Connection(server)
        async with connection.client:
            return await connection.models()

    with _outside_of_loops() as call:
        listed: dict[str, int | None] = call(asyncio.run, look())
    return listed


def answered(server: Server, jobs: Iterable[Callable[[Connection], Awaitable[T]]]) -> Iterator[T]:
    """The results of jobs as they end, `concurrency` of them at work at once.

    When one fails no other is begun; those at work are waited for and handed on, since they may be paid for, before
    its error is raised.
    """
    with _outside_of_loops() as call:
        results = _answered(server, jobs)
        try:
            while (result := call(next, results, END)) is not END:
                yield result
        finally:
            call(results.close)


@contextmanager
def _outside_of_loops() -> Iterator[Callable[..., Any]]:
    """What calls functions that run an event loop: itself, or by one other thread where this one runs a loop already, as
    a notebook's does."""
    if not _runs_a_loop():
        yield lambda function, *given: function(*given)
        return
    with ThreadPoolExecutor(max_workers=1) as other:
        yield lambda function, *given: other.submit(function, *given).result()


def _runs_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _answered(
    server: Server, jobs: Iterable[Callable[[Connection], Awaitable[T]]]
) -> Generator[T, None, None]:
    """As `answered`, in the thread that it is called in."""
    waiting, failed = iter(jobs), None
    with asyncio.Runner() as runner:
        connection, loop = Connection(server), runner.get_loop()
        running: set[asyncio.Future[T]] = set()
        try:
            while True:
                if failed is None:
                    free = server.concurrency - len(running)
                    running |= {
                        asyncio.ensure_future(job(connection), loop=loop) for job in islice(waiting, free)
                    }
                if not running or not isinstance(failed, Exception | None):  # a signal's waits for nobody
                    break
                ended, running = runner.run(_first(running))
                failed = failed or next((each.exception() for each in ended if each.exception()), None)
                yield from (each.result() for each in ended if not each.exception())
        finally:
            for each in running:
                each.cancel()
            runner.run(connection.client.aclose())
    if failed is not None:
        raise failed


async def _first(running: set[asyncio.Future[T]]) -> tuple[set[asyncio.Future[T]], set[asyncio.Future[T]]]:
    return await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
