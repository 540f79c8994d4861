"""The verb `run` behind its options: its command, its report, its words."""
