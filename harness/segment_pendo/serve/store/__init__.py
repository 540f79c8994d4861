"""The store of a run: its SQLite file, what is kept there, what is read from it, and its outbox."""

from segment_pendo.serve.store.calls import Kept, Page
from segment_pendo.serve.store.database import Database, StoreError
from segment_pendo.serve.store.outbox import Outbox
from segment_pendo.serve.store.store import Limits, Store

__all__ = ["Database", "Kept", "Limits", "Outbox", "Page", "Store", "StoreError"]
