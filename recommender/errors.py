"""Errors that a caller can act on; their text says what to do."""


class RecommenderError(Exception):
    """Base of everything this package raises on purpose."""


class DataError(RecommenderError):
    """The input cannot be used as it is."""


class NotFittedError(RecommenderError):
    """A model was asked before it was fitted."""


class UnknownModelError(RecommenderError):
    """No model is registered under this name."""

    def __init__(self, name: str, known: list[str]) -> None:
        self.name = name
        self.known = known
        super().__init__(f"unknown model '{name}'; choose one of: {', '.join(known)}")


class ArtifactError(RecommenderError):
    """A stored model is damaged, was changed, or was written by something else."""
