"""What Pendo would have made of archives, as functions that any engine can run.

`webhooks` maps the lines of a part, `fold` makes records of the rows, `merge` puts two of them together.
"""

from segment_pendo.archive.order import Order
from segment_pendo.archive.partial import Partial, fold, merge
from segment_pendo.archive.rows import Row, webhooks

__all__ = ["Order", "Partial", "Row", "fold", "merge", "webhooks"]
