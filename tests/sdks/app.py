"""An app as it is, with Segment's own Python SDK and nothing of ours."""

import sys

from segment import analytics

analytics.write_key = "WRITE_KEY_of_an_app"
if len(sys.argv) > 1:
    analytics.host = sys.argv[1]
analytics.on_error = lambda error, _items: sys.exit(f"not sent: {error}")
analytics.identify("u-1", {"name": "Ann", "plan": "pro"})
analytics.group("u-1", "acme", {"name": "Acme", "employees": 5})
for i in range(100):
    analytics.identify(f"many-{i}", {"i": i})
analytics.flush()
