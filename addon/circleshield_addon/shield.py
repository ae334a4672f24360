"""The mitmproxy addon: which connections are opened, which responses are read, and what goes on to the client."""

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Set
from functools import partial

from mitmproxy import http, tls
from mitmproxy.proxy.layers.websocket import Fragmentizer

from circleshield_addon import cut_responses, notes, routing
from circleshield_addon.adapter import Adapter
from circleshield_addon.coding import MAX_DECODED_BYTES
from circleshield_addon.desk import Desk, OverdueError
from circleshield_addon.device import USER, device_of
from circleshield_addon.drift import DriftAlarm
from circleshield_addon.filtering import Filtered, Opened, judged, opened, where
from circleshield_addon.generic import GENERIC
from circleshield_addon.handshake import asked_host
from circleshield_addon.judge import Judge
from circleshield_addon.named_host import named_host
from circleshield_addon.pauses import Pauses
from circleshield_addon.post import Verdict
from circleshield_addon.proxy_users import ProxyUsers
from circleshield_addon.recorder import Recorder
from circleshield_addon.routing import Route
from circleshield_addon.settings import Settings
from circleshield_addon.streams import EventStream, StreamFilter
from circleshield_model.scorer import Scorer

log = logging.getLogger("circleshield")

_ROUTE = "circleshield.route"
_EVENTS = "circleshield.events"
# Of the body as it was (RFC 9110, 8.8; RFC 1864; RFC 3230; RFC 9530); they would belie an edited one.
_VALIDATORS = frozenset((b"etag", b"content-md5", b"digest", b"content-digest", b"repr-digest"))
# A 304 would bring back what the client kept from before the filter.
_CONDITIONS = frozenset((b"if-none-match", b"if-modified-since"))
PAGE_SECONDS = 5.0
"""For how long a page may be judged: 1,000 posts take about 0.2. What takes longer passes as it is."""
EVENT_SECONDS = 1.0
"""The same for one post of a stream."""
_DELAYS = 1_000
_TOO_LARGE = "body is larger than is read"
_OVERDUE = "not judged in time"
_DID = {"remove": "removed", "fold": "folded", "label": "labelled"}


def drop(headers: http.Headers, names: Set[bytes]) -> None:
    """Takes the fields of these names (in small letters) out of a message."""
    if any(name.lower() in names for name, _ in headers.fields):
        headers.fields = tuple(field for field in headers.fields if field[0].lower() not in names)


def put(response: http.Response, body: bytes) -> None:
    """Gives a response another body (coded as before), and headers that fit it."""
    headers = response.headers
    drop(headers, _VALIDATORS)
    headers["cache-control"] = "no-store"
    if "content-length" in headers:
        headers["content-length"] = str(len(body))
    response.raw_content = body


class Shield:
    """Filters feed pages and streams; everything else passes undecrypted, or streams through untouched.

    `counts` holds how many `pages`, `posts`, `faults` and of each action there were, and requests of WeChat's own
    protocol (`mmtls`). `in_flight` are the flows whose response has not been handed on yet. Once it is `stopping`, what
    is asked for anew on open connections is refused. `delays` are, of the last feed pages, the seconds from having one
    whole to handing it on: the client waits so much longer, and for the whole page before it gets any of it.
    """

    def __init__(self, scorer: Scorer, settings: Settings, recorder: Recorder | None = None) -> None:
        """With a `recorder`, verdicts go into its ledger and the user's choices come from there."""
        self.settings = settings
        self.recorder = recorder
        self.judge = (
            Judge(scorer, settings)
            if recorder is None
            else Judge(scorer, settings, lambda: recorder.choices, friends=recorder.friends)
        )
        self.users = ProxyUsers(settings.users)
        self.pauses = Pauses()
        self.notes = notes.Notes()
        self.drift = DriftAlarm()
        self.counts: Counter[str] = Counter()
        self.in_flight: set[str] = set()
        self.stopping = False
        self._desk = Desk()
        self._events_desk = Desk()  # an event must not wait behind pages: the loop may stand still for it
        self.delays: deque[float] = deque(maxlen=_DELAYS)
        cut_responses.install()
        # An edited message goes on as one frame: mitmproxy would cut it every 4,000 bytes, characters in half.
        Fragmentizer.FRAGMENT_SIZE = 1 << 30

    def use(self, judge: Judge, settings: Settings) -> None:
        """Goes on with another judge and other settings; what is being judged is finished by the one before."""
        self.judge, self.settings = judge, settings
        self.users.use(settings.users)
        if self.recorder is not None:
            self.recorder.settings = settings.ledger

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        """Leaves TLS alone unless it is for an enabled adapter's host, or for the proxy itself (an HTTPS proxy)."""
        host = asked_host(data)
        if host is not None and not routing.decrypted(host, self.settings):
            data.ignore_connection = True

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Notes feed requests and makes them unconditional; bodies of requests stream."""
        if self.stopping:  # the connection closes without an answer: clients ask again elsewhere
            flow.kill()
            return
        self.in_flight.add(flow.id)
        if flow.response is not None:  # a proxy user's password was wrong
            return
        request = flow.request
        host = named_host(request)
        if host == notes.HOST:
            return
        request.stream = True
        upgrade = request.headers.get("upgrade", "").lower()
        if upgrade == "mmtls":
            if not self.counts["mmtls"]:
                log.info(
                    "WeChat's own traffic passes as it is: its Moments are encrypted by the app and cannot be filtered"
                )
            self.counts["mmtls"] += 1
        found = routing.route(request.method, host, request.path, self.settings)
        if found is not None and self._judge_for(found.adapter, flow) is None:
            return
        if found is not None:
            flow.metadata[_ROUTE] = found
            drop(request.headers, _CONDITIONS)
        elif (events := self._events(flow, "websocket" if upgrade == "websocket" else "sse", host)) is not None:
            flow.metadata[_EVENTS] = events
            if events.stream.kind == "sse":
                request.headers["accept-encoding"] = "identity"

    def request(self, flow: http.HTTPFlow) -> None:
        """Answers for the proxy's own name, unless the console's review page has."""
        if named_host(flow.request) == notes.HOST and flow.response is None:
            page = self.notes.page(flow.request.path)
            flow.response = http.Response.make(
                404 if page is None else 200,
                page or "This is circleshield. There is no such page, or the post it showed is forgotten.\n",
                {
                    "content-type": f"text/{'plain' if page is None else 'html'}; charset=utf-8",
                    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
                    "cache-control": "no-store",
                },
            )

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Lets everything stream that is no feed page."""
        response = flow.response
        assert response is not None
        found: Route | None = flow.metadata.get(_ROUTE)
        if found is not None and (why := self._not_a_page(response, found)) is None:
            return
        if found is not None:
            del flow.metadata[_ROUTE]
            if why:
                self._fault(found, why)
        response.stream = response.status_code != 101  # WebSocket messages are no body
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            self.in_flight.discard(flow.id)  # it has no end to wait for
            events: StreamFilter | None = flow.metadata.get(_EVENTS)
            plain = response.headers.get("content-encoding", "identity") == "identity"
            if events is not None and events.stream.kind == "sse" and response.status_code == 200 and plain:
                response.stream = EventStream(partial(self._edited_in_time, events))

    async def response(self, flow: http.HTTPFlow) -> None:
        """Filters a feed page; the flow is changed at the very end, and only if a post was."""
        found: Route | None = flow.metadata.pop(_ROUTE, None)
        if found is not None and flow.response is not None:
            try:
                await self._filter(flow, flow.response, found)
            except OverdueError:
                self._fault(found, _OVERDUE)
            except Exception as e:  # whatever it is, the original goes on
                self._fault(found, where(e))
        self.in_flight.discard(flow.id)

    async def _filter(self, flow: http.HTTPFlow, response: http.Response, found: Route) -> None:
        began = time.perf_counter()
        if response.stream:  # mitmproxy stopped gathering: its size was not declared
            self._fault(found, _TOO_LARGE)
            return
        judge = self._judge_for(found.adapter, flow)
        if judge is None or not response.raw_content:
            return
        headers = response.headers
        coded = headers.get("content-type", ""), headers.get("content-encoding", "")
        result = await self._judged(
            partial(opened, response.raw_content, found, *coded), found, judge, self.device(flow)
        )
        if result.fault is not None:
            self._fault(found, result.fault)
            return
        self._record(flow, found.adapter, result.verdicts)
        self.drift.saw(found.adapter, found.endpoint, result.missing, result.shape)
        self._told(found, result.verdicts)
        if result.body is not response.raw_content:
            put(response, result.body)
        self.delays.append(time.perf_counter() - began)

    async def _judged(
        self, opening: Callable[..., Opened | Filtered], found: Route, judge: Judge, device: str
    ) -> Filtered:
        page = opening(at_once=True) if found.endpoint.is_simple else None
        if isinstance(page, Opened) and judge.remembers(page.read.page.posts):  # sooner done than handed over
            return judged(page, judge, self.notes, device)
        # What was not opened at once is tried again, and says why if it still cannot be.
        work = lambda: judged(page if isinstance(page, Opened) else opening(), judge, self.notes, device)  # noqa: E731
        return await self._desk.done(work, PAGE_SECONDS)

    async def websocket_message(self, flow: http.HTTPFlow) -> None:
        """Filters a message from the server; mitmproxy keeps all messages of a connection, so old ones are let go."""
        assert flow.websocket is not None
        events: StreamFilter | None = flow.metadata.get(_EVENTS)
        message = flow.websocket.messages[-1]
        del flow.websocket.messages[:-1]
        if events is None or message.from_client or not message.is_text or events.stream.kind != "websocket":
            return
        try:
            edited = await self._events_desk.done(partial(events.edited, message.content), EVENT_SECONDS)
        except OverdueError:
            self._fault(events, _OVERDUE)
            return
        if edited is None:
            message.drop()
        elif edited is not message.content:
            # mitmproxy keeps the frames of a text that is as long as before, and would cut characters in half.
            message.content = edited + b" " * (len(edited) == len(message.content))

    def error(self, flow: http.HTTPFlow) -> None:
        """A flow that ended early."""
        self.in_flight.discard(flow.id)
        found: Route | None = flow.metadata.pop(_ROUTE, None)
        if found is not None and flow.response is not None and cut_responses.CUT in flow.metadata:
            self._fault(found, "the origin broke off")

    def _judge_for(self, adapter: Adapter, flow: http.HTTPFlow) -> Judge | None:
        """Who judges the posts of a flow at this moment; nobody while its device is paused or the platform is off."""
        if self.pauses.paused(device_of(flow.client_conn.peername)) or not self.settings.enabled(adapter.name):
            return None
        return self.judge

    def device(self, flow: http.HTTPFlow) -> str:
        """Whom a profile may name: the proxy user if one does, or the client's address."""
        user = USER + self.users.name(flow.client_conn)
        return user if user in self.settings.profile_of else device_of(flow.client_conn.peername)

    def _events(self, flow: http.HTTPFlow, kind: str, host: str) -> StreamFilter | None:
        found = routing.stream(kind, host, flow.request.path, self.settings)
        if found is None:
            return None
        events = StreamFilter(
            *found,
            lambda: self._judge_for(found[0], flow),
            self.notes,
            self.device(flow),
            lambda verdict: self._record(flow, found[0], (verdict,)),
            lambda why: self._fault(events, why),
        )
        return events

    def _record(self, flow: http.HTTPFlow, adapter: Adapter, verdicts: tuple[Verdict, ...]) -> None:
        if self.recorder is not None:
            self.recorder.record(adapter.platform, verdicts, self.device(flow))

    def _not_a_page(self, response: http.Response, found: Route) -> str | None:
        """None for a response to read; otherwise why not, empty where that is nothing to speak of."""
        if response.status_code != 200:
            return ""
        if not routing.is_page_type(response.headers.get("content-type", ""), found.endpoint):
            return "" if found.adapter is GENERIC else "content type is not that of a feed page"
        length = response.headers.get("content-length", "")
        if length.isdecimal() and int(length) > MAX_DECODED_BYTES:
            return _TOO_LARGE
        return None

    def _told(self, found: Route, verdicts: tuple[Verdict, ...]) -> None:
        actions: Counter[str] = Counter(verdict.action for verdict in verdicts)
        self.counts.update(pages=1, posts=len(verdicts), **actions)
        for action, did in _DID.items():
            if actions[action]:
                log.info("%s: %s %d of %d posts", found.adapter.name, did, actions[action], len(verdicts))
        if log.isEnabledFor(logging.DEBUG):
            for verdict in verdicts:
                why = ", ".join(verdict.reasons)
                log.debug("%s: %s %r: %s", found.adapter.name, verdict.action, verdict.post.text, why)

    def _edited_in_time(self, events: StreamFilter, data: bytes, name: str) -> bytes | None:
        try:
            return self._events_desk.waited_for(partial(events.edited, data, name), EVENT_SECONDS)
        except OverdueError:
            self._fault(events, _OVERDUE)
            return data

    def _fault(self, found: Route | StreamFilter, why: str) -> None:
        self.counts["faults"] += 1
        what = "a page" if isinstance(found, Route) else "an event"
        log.warning("%s: %s passed unfiltered: %s", found.adapter.name, what, why)
