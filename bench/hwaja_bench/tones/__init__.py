"""Clients that send tones, for servers with the tone model; they use the tests' helpers."""

from hwaja_bench.checkout import use_test_helpers

use_test_helpers()
