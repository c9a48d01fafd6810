"""The threads in which pages are made: a fixed few, each with a database connection that it keeps.

Django's ASGI handler starts a thread for every request; the connection such a thread opened is thrown away
with it, unclosed, whatever CONN_MAX_AGE says.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import SyncToAsync, ThreadSensitiveContext

# Pages wait for the database more than they compute. Also the number of database connections for pages.
THREADS = 8

# Every one that was made, for the end of the process.
_all_threads: list[ThreadPoolExecutor] = []


def finish_threads() -> None:
    """Wait until pages and sockets have finished what they began in threads; nothing may begin any more."""
    for thread in [*_all_threads, SyncToAsync.single_thread_executor]:
        thread.shutdown(cancel_futures=True)


class HttpThreads:
    """ASGI middleware that lends each request one thread for as long as it lasts."""

    def __init__(self, application: Any, threads: int = THREADS) -> None:
        self.application = application
        self.free = [ThreadPoolExecutor(1, thread_name_prefix=f"http-{number}") for number in range(threads)]
        _all_threads.extend(self.free)
        self.turns = asyncio.Semaphore(threads)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async with self.turns:
            # Last in, first out: a quiet service keeps using one warm connection.
            thread = self.free.pop()
            try:
                async with ThreadSensitiveContext(executor=thread):
                    await self.application(scope, receive, send)
            finally:
                self.free.append(thread)
