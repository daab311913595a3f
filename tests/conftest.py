"""What all tests share: patience with random examples, because the machine may be busy, and the
process that has imported torch for `explorer.run`."""

import pytest
from hypothesis import HealthCheck, settings

from explorer.sandbox import Pool, pool

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(scope="session")
def shared_pool() -> Pool:
    """The pool of `explorer.run`; a test may end its processes, for the next run starts anew."""
    return pool._shared()
