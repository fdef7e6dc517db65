"""KMS keys and aliases. Key policies stay in state, for the permission judge."""

from local.provider.emulation import Call, Emulation, emulates
from local.provider.values import Properties

NOT_CHECKED = ("KMS: nothing is really encrypted and no key is rotated; who may use a key is judged.",)
"""For the page docs/local-stack.md."""


def _tags(call: Call) -> list[dict[str, str]]:
    """Return the tags as KMS alone calls them."""
    return [{"TagKey": key, "TagValue": value} for key, value in call.tags.items()]


@emulates("aws:kms/key:Key")
class Key(Emulation):
    """A key."""

    replaces = frozenset({"customerMasterKeySpec", "keyUsage", "multiRegion"})
    identified_by = "its key id"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the key."""
        description = call.inputs.get("description", "")
        key = call.aws("kms").create_key(Description=description, Tags=_tags(call))["KeyMetadata"]
        self._rotate(call, key["KeyId"])
        return key["KeyId"], {"arn": key["Arn"], "keyId": key["KeyId"]}

    def update(self, call: Call) -> Properties:
        """Change rotation, description and tags."""
        self._rotate(call, call.id)
        kms = call.aws("kms")
        kms.update_key_description(KeyId=call.id, Description=call.inputs.get("description", ""))
        call.retag(
            lambda: kms.tag_resource(KeyId=call.id, Tags=_tags(call)),
            lambda keys: kms.untag_resource(KeyId=call.id, TagKeys=keys),
        )
        return {}

    def read(self, call: Call) -> Properties | None:
        """Tell description, rotation and tags; a key that waits for its deletion is gone."""
        kms = call.aws("kms")
        key = kms.describe_key(KeyId=call.id)["KeyMetadata"]
        if key["KeyState"] == "PendingDeletion":
            return None
        tags = kms.list_resource_tags(KeyId=call.id)["Tags"]
        return {
            "arn": key["Arn"],
            "keyId": key["KeyId"],
            "description": key["Description"],
            "enableKeyRotation": kms.get_key_rotation_status(KeyId=call.id)["KeyRotationEnabled"],
            "tagsAll": {tag["TagKey"]: tag["TagValue"] for tag in tags},
        }

    def delete(self, call: Call) -> None:
        """Schedule the deletion: KMS deletes no key at once."""
        days = call.before.get("deletionWindowInDays", 30)
        call.aws("kms").schedule_key_deletion(KeyId=call.id, PendingWindowInDays=days)

    def _rotate(self, call: Call, key: str) -> None:
        kms = call.aws("kms")
        rotate = kms.enable_key_rotation if call.inputs.get("enableKeyRotation") else kms.disable_key_rotation
        rotate(KeyId=key)


@emulates("aws:kms/alias:Alias")
class KeyAlias(Emulation):
    """A key's alias."""

    identified_by = "its name, which begins with alias/"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the alias."""
        name, key = call.inputs["name"], call.inputs["targetKeyId"]
        call.aws("kms").create_alias(AliasName=name, TargetKeyId=key)
        return name, {"arn": call.arn("kms", name), **self._target(call, key)}

    def update(self, call: Call) -> Properties:
        """Point the alias at another key."""
        key = call.inputs["targetKeyId"]
        call.aws("kms").update_alias(AliasName=call.id, TargetKeyId=key)
        return self._target(call, key)

    def read(self, call: Call) -> Properties | None:
        """Tell which key it stands for, by id or ARN as the program does."""
        pages = call.aws("kms").get_paginator("list_aliases").paginate()
        aliases = {alias["AliasName"]: alias for page in pages for alias in page["Aliases"]}
        if call.id not in aliases:
            return None
        target = self._target(call, aliases[call.id]["TargetKeyId"])
        by_arn = str(call.before.get("targetKeyId", "")).startswith("arn:")
        key = target["targetKeyArn"] if by_arn else aliases[call.id]["TargetKeyId"]
        return {"name": call.id, "arn": call.arn("kms", call.id), "targetKeyId": key, **target}

    def _target(self, call: Call, key: str) -> Properties:
        return {"targetKeyArn": call.arn("kms", f"key/{key.split('/')[-1]}")}

    def delete(self, call: Call) -> None:
        """Delete the alias."""
        call.aws("kms").delete_alias(AliasName=call.id)
