"""The CDN's way to the bucket: requests signed for S3, as origin access control has CloudFront sign them."""

import os
from enum import Enum, auto
from typing import Any, Protocol

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .cdn_cache import Stored

# The headers of an object that matter to a viewer; everything else S3 says stays behind the CDN.
_KEPT = {
    "content-type": "Content-Type",
    "content-encoding": "Content-Encoding",
    "cache-control": "Cache-Control",
    "etag": "ETag",
    "last-modified": "Last-Modified",
}


class OriginFailed(Exception):
    """The bucket could not be asked, or could not answer."""


class NotModified(Enum):
    """The object is still the one that the caller has."""

    STILL = auto()


class Origin(Protocol):
    """Where objects come from when the cache has none that is recent enough."""

    def fetch(self, key: str, known_etag: str = "") -> Stored | NotModified | None:
        """The object, unless it still has this entity tag; nothing where the bucket has none to give."""


class Bucket:
    """A private bucket behind an S3 endpoint; one pool of kept-alive connections for all threads."""

    def __init__(self, endpoint: str, bucket: str, connections: int = 32) -> None:
        self._bucket = bucket
        self._client: Any = botocore.session.get_session().create_client(
            "s3",
            endpoint_url=endpoint,
            region_name=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1",
            # Named outright, so that no profile or metadata service of the machine is ever asked for real keys.
            aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "test"),
            aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "test"),
            aws_session_token=os.environ.get("AWS_SESSION_TOKEN"),
            config=Config(
                s3={"addressing_style": "path"},
                max_pool_connections=connections,
                connect_timeout=2,
                read_timeout=20,
                retries={"mode": "standard", "total_max_attempts": 3},
                response_checksum_validation="when_required",
                proxies={},  # the endpoint is on this machine, whatever proxy the environment names
            ),
        )

    def fetch(self, key: str, known_etag: str = "") -> Stored | NotModified | None:
        """Reads one object whole, if it has another entity tag.

        A refusal reads as absence: what the bucket's policy allows was asked about before.
        """
        try:
            condition = {"IfNoneMatch": known_etag} if known_etag else {}
            answer = self._client.get_object(Bucket=self._bucket, Key=key, **condition)
            body = answer["Body"].read()
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if status == 304:
                return NotModified.STILL
            if status in (403, 404):
                return None
            raise OriginFailed(f"status {status}") from error
        except BotoCoreError as error:
            raise OriginFailed(type(error).__name__) from error
        received = answer["ResponseMetadata"]["HTTPHeaders"]
        return Stored(body, {name: received[lower] for lower, name in _KEPT.items() if lower in received})
