"""Who may connect: tokens, client tokens, the keys that seal them, rates."""
