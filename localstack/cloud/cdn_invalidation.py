"""CloudFront's `CreateInvalidation` and `GetInvalidation`, as the AWS SDKs call them, over the CDN's own cache.

An invalidation is complete when the call returns. As at the service, a caller reference sent again with the same paths answers
with the first invalidation, and with other paths is refused: whoever derives the reference from the event it handles may
handle that event twice.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree
from xml.sax.saxutils import escape

NAMESPACE = "http://cloudfront.amazonaws.com/doc/2020-05-31/"
ROUTE = re.compile(r"/2020-05-31/distribution/(?P<distribution>[A-Za-z0-9]+)/invalidation(?:/(?P<id>[A-Za-z0-9]+))?/?")
MAX_BODY_BYTES = 1024 * 1024
MAX_PATHS = 3000  # the service's quota
REMEMBERED = 1000  # how many invalidations can still be asked about


@dataclass(frozen=True)
class Reply:
    """Status, extra headers and XML of an answer."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class _Invalidation:
    id: str
    created: datetime
    reference: str
    paths: Sequence[str]


class Invalidations:
    """What was invalidated lately; hands the paths of each new invalidation to `invalidate`."""

    def __init__(self, invalidate: Callable[[Sequence[str]], int], now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._invalidate = invalidate
        self._now = now
        self._by_reference: OrderedDict[str, _Invalidation] = OrderedDict()
        self._made = 0
        self._lock = threading.Lock()

    def create(self, distribution: str, body: bytes) -> Reply:
        """`POST .../invalidation`."""
        try:
            reference, paths = _parse(body)
        except (ElementTree.ParseError, ValueError) as error:
            return _problem(400, "MalformedXML" if isinstance(error, ElementTree.ParseError) else "InvalidArgument", str(error))
        with self._lock:
            known = self._by_reference.get(reference)
            if known is None:
                self._made += 1
                known = _Invalidation(f"I{self._made:013}", self._now(), reference, paths)
                self._by_reference[reference] = known
                while len(self._by_reference) > REMEMBERED:
                    self._by_reference.popitem(last=False)
            elif sorted(known.paths) != sorted(paths):
                return _problem(400, "InvalidationBatchAlreadyExists", "this caller reference was used with other paths")
        # Forgetting is harmless to repeat: a redelivered call forgets again what came into the cache in between.
        self._invalidate(paths)
        location = f"/2020-05-31/distribution/{distribution}/invalidation/{known.id}"
        return Reply(201, {"Location": location}, _document(known))

    def find(self, id: str) -> Reply:
        """`GET .../invalidation/<id>`, which the SDKs' waiter polls."""
        with self._lock:
            found = next((one for one in self._by_reference.values() if one.id == id), None)
        if found is None:
            return _problem(404, "NoSuchInvalidation", "the specified invalidation does not exist")
        return Reply(200, {}, _document(found))


def _parse(body: bytes) -> tuple[str, list[str]]:
    if b"<!DOCTYPE" in body:
        raise ValueError("a document type is not accepted")
    root = ElementTree.fromstring(body)
    names = {"c": NAMESPACE}
    reference = root.findtext("c:CallerReference", "", names)
    paths = [element.text or "" for element in root.findall("c:Paths/c:Items/c:Path", names)]
    quantity = root.findtext("c:Paths/c:Quantity", "", names)
    if not reference:
        raise ValueError("CallerReference is missing")
    if not paths or len(paths) > MAX_PATHS or quantity != str(len(paths)):
        raise ValueError("Quantity does not match the paths, or there are none or too many")
    if not all(path.startswith("/") for path in paths):
        raise ValueError("a path does not start with /")
    return reference, paths


def _document(invalidation: _Invalidation) -> bytes:
    items = "".join(f"<Path>{escape(path)}</Path>" for path in invalidation.paths)
    return (
        f'<?xml version="1.0"?><Invalidation xmlns="{NAMESPACE}"><Id>{invalidation.id}</Id><Status>Completed</Status>'
        f"<CreateTime>{invalidation.created.isoformat(timespec='milliseconds').replace('+00:00', 'Z')}</CreateTime>"
        f"<InvalidationBatch><Paths><Quantity>{len(invalidation.paths)}</Quantity><Items>{items}</Items></Paths>"
        f"<CallerReference>{escape(invalidation.reference)}</CallerReference></InvalidationBatch></Invalidation>"
    ).encode()


def _problem(status: int, code: str, message: str) -> Reply:
    return Reply(
        status,
        {},
        f'<?xml version="1.0"?><ErrorResponse xmlns="{NAMESPACE}"><Error><Type>Sender</Type><Code>{code}</Code>'
        f"<Message>{escape(message)}</Message></Error></ErrorResponse>".encode(),
    )
