"""hwaja inside frameworks for voice agents; each needs its extra. See docs/integrations.md."""
