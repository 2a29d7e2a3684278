from tests.campaigns.actions.conftest import member, now, postbox  # noqa: F401  the same fixtures
