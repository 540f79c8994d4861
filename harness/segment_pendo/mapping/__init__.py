"""The law: which call becomes which webhook and why not, what earlier calls say about it, every code that is
said of it.
"""
