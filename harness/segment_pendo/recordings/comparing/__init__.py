"""What recordings have in common: the meaning of a call, differences, a merge of both."""
