"""Adapters of hwaja for voice agent frameworks. Each needs its extra. See docs/integrations.md.

Imports `client` and `protocol` only. Begin with `service`, which all adapters share.
"""
