"""The errors a person may see: each names the value, says what is allowed, and stops there."""


class ExplorerError(Exception):
    """Base of every error that the explorer raises on purpose; its text is fit for a person."""


class TraceError(ExplorerError):
    """There is no graph to read from what was given."""


class JacobianError(ExplorerError):
    """The Jacobian that was asked for does not exist or cannot be computed."""


class ProgramError(ExplorerError):
    """A program, or a link that carries one, cannot be read."""


class SpecError(ExplorerError):
    """A network form holds a value that no layer can have.

    `field` says which widget the sentence belongs beside, such as `layers[2].width`.
    """

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


class LayoutError(ExplorerError):
    """A picture could not be laid out within its limits of time, memory or edges."""


class FileError(ExplorerError):
    """A file cannot be opened: damaged, foreign, too large, or of another format."""


class SandboxError(ExplorerError):
    """Programs cannot be run on this machine at the moment."""


class BusyError(SandboxError):
    """Too many programs are waiting to be run. `seconds` is about how long until there is room."""

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds
