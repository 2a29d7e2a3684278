"""Home: how the shop does, what to do next, whether the machine is well."""

from console.home.view import Home

__all__ = ["Home"]
