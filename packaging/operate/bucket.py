"""The deployment bucket: versioned, private, encrypted, nothing old kept for ever; and what is put into it.

Every request names the account that must own the bucket: the name can be guessed, and somebody else may have taken it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from chalicelib.aws.errors import Answered
from operate.aws import Aws, is_absent
from operate.failure import OperateFailed

FORBIDDEN = 403
NO_CONSTRAINT = "us-east-1"
"""S3 refuses this region as a constraint: it is where a bucket without one is made."""

DIGEST = "sha256"
"""The name under which a file's own metadata has the SHA-256 of its content."""

OLD_DAYS = 90
LIFECYCLE = {
    "Rules": [
        {
            "ID": "old versions and unfinished uploads",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": OLD_DAYS},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        }
    ]
}
PRIVATE = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
ENCRYPTED = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket of this account."""

    aws: Aws
    name: str
    account: str

    def make(self) -> bool:
        """Make it unless it is there, and give it its properties again; whether it is new. OperateFailed: another's."""
        new = not self._is_there()
        if new:
            place = {} if self.aws.region == NO_CONSTRAINT else {"LocationConstraint": self.aws.region}
            self.aws.call(
                "s3",
                "create_bucket",
                Bucket=self.name,
                **({"CreateBucketConfiguration": place} if place else {}),
            )
        self._call("put_public_access_block", PublicAccessBlockConfiguration=PRIVATE)
        self._call("put_bucket_encryption", ServerSideEncryptionConfiguration=ENCRYPTED)
        self._call("put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"})
        self._call("put_bucket_lifecycle_configuration", LifecycleConfiguration=LIFECYCLE)
        self._call("put_bucket_policy", Policy=json.dumps(self._only_tls()))
        return new

    def put(self, key: str, content: bytes) -> bool:
        """Put a file there, unless its very content is there under this name; whether it was sent."""
        digest = hashlib.sha256(content)
        if self._digest(key) == digest.hexdigest():
            return False
        checksum = base64.b64encode(digest.digest()).decode()  # S3 refuses a body that is not this
        self._call("put_object", Key=key, Body=content, ChecksumSHA256=checksum, Metadata={DIGEST: digest.hexdigest()})
        return True

    def url(self, key: str) -> str:
        """Where CloudFormation reads a template."""
        suffix = "amazonaws.com.cn" if self.aws.region.startswith("cn-") else "amazonaws.com"
        return f"https://{self.name}.s3.{self.aws.region}.{suffix}/{key}"

    def _is_there(self) -> bool:
        try:
            self._call("head_bucket")
        except Answered as error:
            if error.status == FORBIDDEN:
                raise OperateFailed(f"The bucket {self.name} belongs to somebody else, or may not be used.") from None
            if is_absent(error):
                return False
            raise
        return True

    def _digest(self, key: str) -> str | None:
        try:
            return str(self._call("head_object", Key=key)["Metadata"].get(DIGEST))
        except Answered as error:
            if is_absent(error):
                return None
            raise

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.aws.call("s3", operation, Bucket=self.name, ExpectedBucketOwner=self.account, **request)

    def _only_tls(self) -> dict[str, Any]:
        partition = "aws-cn" if self.aws.region.startswith("cn-") else "aws"
        arn = f"arn:{partition}:s3:::{self.name}"
        refused = {
            "Sid": "OnlyTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        return {"Version": "2012-10-17", "Statement": [refused]}
