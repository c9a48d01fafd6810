"""What no browser may show or ask for during a test: errors, broken answers, other people's servers."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response, WebError

from tests.servers import wait_until

# Chromium reports every answer of 400 and more as a console error; these are judged as answers below.
REPORTED_ANSWER = re.compile(r"Failed to load resource: the server responded with a status of \d+")
# What a refused form, a chat that moved on, and a chat that is gone are answered with.
REFUSALS = {404, 409, 422}
# Taking a picture makes the driver try to put a style into the page, from code that no page could run itself.
CSP_WATCH = """addEventListener("securitypolicyviolation", (event) => {
  if (event.sourceFile.includes("%20eval")) return;
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
});"""


class Watch:
    """Collects what went wrong in a browser context."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.requests: list[str] = []
        self.in_flight: set[Request] = set()
        self.expected: list[re.Pattern[str]] = []

    def over(self, context: BrowserContext) -> BrowserContext:
        context.on("console", self._console)
        context.on("weberror", self._page_error)
        context.on("request", self._request)
        context.on("requestfinished", self._settled)
        context.on("requestfailed", self._settled)
        context.on("response", self._response)
        return context

    def expect(self, pattern: str) -> None:
        """This test causes that error on purpose."""
        self.expected.append(re.compile(pattern))

    def wait_for_quiet(self, page: Page) -> None:
        """Until every browser has all its answers. Asking the page something lets the news of them in."""
        wait_until(lambda: page.title() is not None and not self.in_flight, "the last answer")

    def wait_for_arrivals(self, context: BrowserContext) -> None:
        """Until nobody is on the way to another page: Chromium 156 may never close a page that is.

        `context` is any that is open: asking it for its cookies lets the news of all in.
        """
        wait_until(lambda: context.cookies() is not None and not self._travellers(), "the next page")

    def unexpected(self) -> list[str]:
        return [fault for fault in self.faults if not any(known.search(fault) for known in self.expected)]

    def _travellers(self) -> list[Request]:
        return [request for request in self.in_flight if request.is_navigation_request()]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not REPORTED_ANSWER.match(message.text):
            self.faults.append(f"console: {message.text}")

    def _page_error(self, error: WebError) -> None:
        if "blocked an inline style" not in error.error.message:
            self.faults.append(f"page error: {error.error.message}")

    def _request(self, request: Request) -> None:
        self.requests.append(request.url)
        self.in_flight.add(request)
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname != "127.0.0.1":
            self.faults.append(f"third party: {request.url}")

    def _settled(self, request: Request) -> None:
        self.in_flight.discard(request)

    def _response(self, response: Response) -> None:
        is_refusal = response.status in REFUSALS and "/static/" not in response.url
        if response.status >= 400 and not is_refusal:
            self.faults.append(f"answer {response.status}: {response.url}")
