"""A form's fields count wherever they stand, and a form may come without a length.

S3 reads a form in its order: the file ends it, and what follows is ignored. A file before `key` is refused, and so is a form sent in
chunks without a length. The emulator takes all of these, so that an app which works here would fail in the cloud.
"""

from __future__ import annotations

from typing import Any

from ministack.services import s3

Headers = dict[str, str]


def apply() -> None:
    handle = s3.handle_request

    async def handle_forms_in_order(method: str, path: str, headers: Headers, body: bytes, *rest: Any, **named: Any) -> Any:
        if method == "POST" and headers.get("content-type", "").startswith("multipart/form-data"):
            if "content-length" not in headers:
                return s3._error("MissingContentLength", "You must provide the Content-Length HTTP header.", 411)
            names, body = up_to_the_file(body, headers["content-type"])
            if "file" in names and "key" not in names:
                reason = "Bucket POST must contain a field named 'key'. If it is specified, please check the order of the fields."
                return s3._error("InvalidArgument", reason, 400)
        return await handle(method, path, headers, body, *rest, **named)

    s3.handle_request = handle_forms_in_order


def up_to_the_file(body: bytes, content_type: str) -> tuple[list[str], bytes]:
    """The names of a form's fields up to its file, and the form as if it ended there."""
    boundary = body.partition(b"\r\n")[0]
    if not boundary.startswith(b"--"):
        return [], body
    parts, names = body.split(boundary), []
    for index, part in enumerate(parts[1:-1], start=1):
        names += [name.lower() for name, *_ in s3._parse_multipart_form(content_type, boundary + part + boundary)]
        if "file" in names:
            return names, boundary.join(parts[: index + 1]) + boundary + b"--\r\n"
    return names, body
