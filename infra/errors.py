"""What can be wrong with the infrastructure program itself, before anything is deployed."""


class InfraError(Exception):
    """The program cannot describe a correct deployment; the message says what to change."""


class SettingsError(InfraError):
    """The stack's configuration is incomplete, wrong or unknown in places."""


class NameTooLongError(InfraError):
    """A physical name does not fit the limit of its AWS service."""


class BroadPermissionError(InfraError):
    """A statement grants more than named actions on named resources."""


class PackagingError(InfraError):
    """A code archive or the dependency layer cannot be built."""
