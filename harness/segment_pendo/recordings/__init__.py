"""Everything about files of calls: reading, recording, comparing, redacting, merging, sending again."""
