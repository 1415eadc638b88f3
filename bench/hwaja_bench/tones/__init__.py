"""Clients that speak in tones, with the helpers of the tests; a server's tone model writes them."""

from hwaja_bench.checkout import use_test_helpers

use_test_helpers()
