"""What another version of this program kept in a store."""

from segment_pendo.serve.store.database import Database

UNKNOWN_SETUP = '{"assume":{"unheard":"of"}}'


def kept_by_another_version(database: Database, receipt: str) -> None:
    """Let a receipt have a setup that this version cannot read."""
    database.execute("insert into setups(described) values (?)", (UNKNOWN_SETUP,))
    database.execute(
        "update receipts set setup = (select id from setups where described = ?) where id = ?",
        (UNKNOWN_SETUP, receipt),
    )
