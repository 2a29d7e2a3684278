from tests.api.conftest import alice

__all__ = ["alice"]
