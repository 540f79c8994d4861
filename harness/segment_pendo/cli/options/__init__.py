"""Options that several verbs have: each adds itself to a verb, which gets what it means."""
