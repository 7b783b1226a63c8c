"""How do other open tools do on the same tables? One module a tool; each runs as a process of its own.

python -m benchmarks.peers METHOD LEFT RIGHT --out PAIRS
"""
