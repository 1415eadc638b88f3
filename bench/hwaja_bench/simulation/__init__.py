"""A fleet on a clock of its own: queues of nodes, a balancer, and clients that go on elsewhere."""
