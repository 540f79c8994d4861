"""An app as it is, with Segment's own Python SDK and nothing of ours.

With OAUTH_KEY (PEM) it signs in by OAuth, at OAUTH_SERVER if that is given.
"""

import os
import sys

from segment import analytics

analytics.write_key = "WRITE_KEY_of_an_app"
if len(sys.argv) > 1:
    analytics.host = sys.argv[1]
if "OAUTH_KEY" in os.environ:
    analytics.oauth_client_id = "an-app"
    analytics.oauth_client_key = os.environ["OAUTH_KEY"]
    analytics.oauth_key_id = "a-key"
    analytics.oauth_auth_server = os.environ.get("OAUTH_SERVER", analytics.oauth_auth_server)
analytics.on_error = lambda error, _items: sys.exit(f"not sent: {error}")
analytics.identify("u-1", {"name": "Ann", "plan": "pro"})
analytics.group("u-1", "acme", {"name": "Acme", "employees": 5})
for i in range(100):
    analytics.identify(f"many-{i}", {"i": i})
analytics.flush()
