"""The worker processes and the front's side of them: what they do, and who does it if one dies."""
