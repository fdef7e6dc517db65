"""The scan of one object version with a plan's role: read, judge, tag."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from local.deployed import Resource
from local.permissions.evaluator import Decision
from local.provider.emulation import Cloud
from local.provider.resources.guardduty import role_of

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""Put together from two parts, so that no scanner takes this file for infected."""

STATUS_TAG = "GuardDutyMalwareScanStatus"


@dataclass(frozen=True, kw_only=True)
class Place:
    """An object version."""

    bucket: str
    key: str
    version: str
    etag: str

    @property
    def parameters(self) -> dict[str, str]:
        """What calls name it by; what has no version is named without."""
        version = {} if self.version == "null" else {"VersionId": self.version}
        return {"Bucket": self.bucket, "Key": self.key, **version}

    def plain(self) -> dict[str, Any]:
        """Return it as GuardDuty's events name it."""
        return {
            "bucketName": self.bucket,
            "objectKey": self.key,
            "eTag": self.etag,
            "versionId": self.version,
        }


class ScanWork:
    """Reads and tags *place* as the role of *plan*, as far as that may."""

    def __init__(self, cloud: Cloud, plan: Resource, place: Place) -> None:
        self._s3 = cloud.client("s3", plan.properties["region"])
        self._role = role_of(cloud, plan.properties["arn"], plan.properties)
        self._plan, self._place = plan, place

    def look(self) -> tuple[str, dict[str, Any]]:
        """Return `scanStatus` and `scanResultDetails`."""
        if self._role.assume() or self._refused("GetObject"):
            return self.denied()
        content = self._s3.get_object(**self._place.parameters)["Body"].read()
        if EICAR in content:
            found = [{"name": "EICAR-Test-File (not a virus)"}]
            return "COMPLETED", {"scanResultStatus": "THREATS_FOUND", "threats": found}
        return "COMPLETED", {"scanResultStatus": "NO_THREATS_FOUND", "threats": None}

    @staticmethod
    def denied() -> tuple[str, dict[str, Any]]:
        """Return what GuardDuty says of an object that it cannot read, or that is not there any more."""
        return "SKIPPED", {"scanResultStatus": "ACCESS_DENIED", "threats": None}

    def tag(self, status: str) -> str:
        """Put the result beside the tags that the object has; return why that failed, else nothing.

        A plan tags only where it says so.
        """
        actions = self._plan.properties.get("actions") or []
        if not any(one.get("status") == "ENABLED" for action in actions for one in action["taggings"]):
            return ""
        kept = [{"Key": key, "Value": value} for key, value in self._tags.items() if key != STATUS_TAG]
        tagging = {"TagSet": [*kept, {"Key": STATUS_TAG, "Value": status}]}
        if (
            self._role.assume()
            or self._refused("GetObjectTagging")
            or self._refused("PutObjectTagging", Tagging=tagging)
        ):
            return "ACCESS_DENIED"
        self._s3.put_object_tagging(**self._place.parameters, Tagging=tagging)
        return ""

    def _refused(self, operation: str, **more: Any) -> Decision | None:
        parameters = {**self._place.parameters, **more}
        return self._role.denied("s3", operation, tags=lambda: self._tags, **parameters)

    @cached_property
    def _tags(self) -> dict[str, str]:
        found = self._s3.get_object_tagging(**self._place.parameters)["TagSet"]
        return {tag["Key"]: tag["Value"] for tag in found}
