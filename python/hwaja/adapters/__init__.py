"""hwaja inside frameworks for voice agents; each needs its extra. See docs/integrations.md.

Imports `client` and `protocol` only. Begin with `service`, which all adapters share.
"""
