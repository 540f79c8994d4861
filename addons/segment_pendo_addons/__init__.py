"""mitmproxy's side of segment-pendo."""
