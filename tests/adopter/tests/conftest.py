import os
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from hypothesis import settings
from segment.analytics.client import Client
from shop.tracking import Tracking
from shop.web import create_app

from segment_pendo.strategies import register_ci_profile
from segment_pendo.testing import Harness

register_ci_profile("ci")
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture
def client(segment_pendo: Harness) -> Iterator[Client]:
    """Segment's library, sending to this test's own address as fast as it can."""
    client = Client("WRITE_KEY", host=segment_pendo.host, upload_interval=0.01, max_retries=2)
    yield client
    client.shutdown()


@pytest.fixture
def shop(client: Client) -> FlaskClient:
    return create_app(Tracking(client)).test_client()
