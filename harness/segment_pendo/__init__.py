"""segment-pendo: a local stand-in for Segment's cloud, for one destination: Pendo."""

__version__ = "0.1.0"
__all__ = ["__version__"]
