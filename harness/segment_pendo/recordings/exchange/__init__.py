"""Files of other programs: read as SDK requests, and written."""
