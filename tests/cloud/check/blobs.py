"""Blobs, read with Microsoft's own library: whole, in parts, under conditions.

Called by `microsoft.py`. The library's own checks of digests stay on.
"""

import hashlib

from azure.core import MatchConditions
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobClient, BlobServiceClient

NAME = "edge/Größe 7.bin"
MIB = 1024 * 1024


def check_blobs(cloud, results):
    credential = cloud.secret_credential()

    def blob(name, container="firmware", host="blob_host", **options):
        url = f"https://{cloud.facts[host]}"
        return BlobClient(url, container, name, credential=credential, retry_total=0, **options)

    check_reads(cloud, blob, results)
    check_conditions(cloud, blob, results)
    check_refusals(cloud, blob, results)
    service = BlobServiceClient(f"https://{cloud.facts['blob_host']}", credential=credential)
    results.check(
        cloud,
        "containers",
        lambda: [item.name for item in service.list_containers()] == ["firmware", "images"],
    )


def check_reads(cloud, blob, results):
    text = cloud.facts["blobs"]["text"].encode()

    def properties():
        found = blob(NAME).get_blob_properties()
        return (
            found.etag == cloud.facts["blobs"]["etag"]
            and found.size == len(text)
            and bytes(found.content_settings.content_md5) == hashlib.md5(text).digest()
            and found.blob_type == "BlockBlob"
            and found.blob_tier == "Hot"
            and found.last_modified.year > 2000
            or vars(found)
        )

    def large():
        client = blob("large", max_single_get_size=MIB, max_chunk_get_size=MIB)
        content = client.download_blob(max_concurrency=2).readall()
        return hashlib.sha256(content).hexdigest() == cloud.facts["blobs"]["large_sha256"]

    def digests():
        client = blob("large", max_single_get_size=4 * MIB, max_chunk_get_size=MIB)
        content = client.download_blob(validate_content=True).readall()
        return hashlib.sha256(content).hexdigest() == cloud.facts["blobs"]["large_sha256"]

    results.check(cloud, "a blob", lambda: blob(NAME).download_blob().readall() == text)
    results.check(cloud, "what is told about a blob", properties)
    results.check(
        cloud,
        "a part of a blob",
        lambda: blob(NAME).download_blob(offset=3, length=9).readall() == text[3:12],
    )
    results.check(
        cloud,
        "a part that ends with the blob",
        lambda: blob(NAME).download_blob(offset=5).readall() == text[5:],
    )
    results.check(
        cloud, "an empty blob", lambda: blob("empty").download_blob().readall() == b""
    )
    results.check(cloud, "a large blob in parts", large)
    results.check(cloud, "a large blob with a digest for each part", digests)
    results.check(cloud, "a blob that exists", lambda: blob(NAME).exists())
    results.check(cloud, "a blob that does not", lambda: not blob("never").exists())
    results.check(
        cloud,
        "an archived blob's tier",
        lambda: blob("old").get_blob_properties().blob_tier == "Archive",
    )
    results.check(
        cloud,
        "an older version of the service",
        lambda: blob(NAME, api_version="2019-02-02").download_blob().readall() == text,
    )


def check_conditions(cloud, blob, results):
    etag = cloud.facts["blobs"]["etag"]
    same = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
    changed = {"etag": etag, "match_condition": MatchConditions.IfModified}
    other = {"etag": '"0x8DE000000000000"', "match_condition": MatchConditions.IfNotModified}
    results.check(
        cloud,
        "a blob that is the same",
        lambda: len(blob(NAME).download_blob(**same).readall()) > 0,
    )
    # The library goes by the code in the header and makes one kind of error of both statuses.
    for status, condition in [(304, changed), (412, other)]:
        for method in ["download_blob", "get_blob_properties"]:
            results.check(
                cloud,
                f"{method} with a condition that is not met: {status}",
                lambda: refusal(lambda: getattr(blob(NAME), method)(**condition))
                == (status, "ConditionNotMet"),
            )


def refusal(action):
    """Status and code of a request whose condition is not met."""
    try:
        action()
    except ResourceModifiedError as error:
        return error.status_code, error.error_code
    return None


def check_refusals(cloud, blob, results):
    cases = [
        ("a missing blob", ResourceNotFoundError, "BlobNotFound", blob("never")),
        (
            "a missing container",
            ResourceNotFoundError,
            "ContainerNotFound",
            blob(NAME, container="never"),
        ),
        ("an archived blob", HttpResponseError, "BlobArchived", blob("old")),
        (
            "an account without a role",
            HttpResponseError,
            "AuthorizationPermissionMismatch",
            blob("hidden", host="closed_blob_host"),
        ),
    ]
    for claim, kind, text, client in cases:
        results.refused(cloud, claim, kind, text, lambda client=client: client.download_blob())
    results.refused(
        cloud,
        "a blob without a token",
        ClientAuthenticationError,
        "NoAuthenticationInformation",
        lambda: BlobClient(
            f"https://{cloud.facts['blob_host']}", "firmware", NAME, retry_total=0
        ).download_blob(),
    )
