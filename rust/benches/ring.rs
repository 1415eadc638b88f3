//! The cost of each operation, compared with a `memcpy` of the same bytes in the same run.
//!
//! `push`, `read` and `powers` read 2 bytes per sample and are compared with a `memcpy` of the
//! bytes that they read. `rows` writes 4 bytes per sample and is compared with a `memcpy` of the
//! bytes that it writes. `release` only writes, and is compared with a `memset`.

use std::hint::black_box;
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

use criterion::{Bencher, BenchmarkId, Criterion, criterion_group, criterion_main};
use hwaja_pcm::{Frames, RingBuffer};

/// In samples: one large message, which fits into the L1 cache, and four seconds, which do not.
const CHUNKS: [usize; 2] = [4096, 65_536];
const FRAME_SAMPLES: usize = 512;
const CONTEXT_SAMPLES: usize = 64;
const ROW_SAMPLES: usize = CONTEXT_SAMPLES + FRAME_SAMPLES;
/// 30 s, as in the server, so that the caches are no warmer than in the server.
const CAPACITY_SAMPLES: usize = 480_000;

/// Deterministic noise, as PCM16.
fn noise(count_samples: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..2 * count_samples).map(next).collect()
}

/// Times `steps` runs of `step`. Runs `reset`, which is not timed, before every `fitting` of them.
fn time_steps<M>(
    memory: &mut M,
    steps: u64,
    fitting: usize,
    reset: impl Fn(&mut M),
    step: impl Fn(&mut M, usize),
) -> Duration {
    let mut elapsed = Duration::ZERO;
    let mut left = steps as usize;
    while left > 0 {
        reset(memory);
        let begin = Instant::now();
        (0..left.min(fitting)).for_each(|n| step(memory, n));
        elapsed += begin.elapsed();
        left -= left.min(fitting);
    }
    elapsed
}

fn release_all(ring: &mut RingBuffer) {
    ring.release(ring.end())
        .expect("the end is within the ring");
}

fn fill(ring: &mut RingBuffer, chunk: &[u8]) {
    release_all(ring);
    while ring.push(chunk).is_ok() {}
}

fn push(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("push");
    for count in CHUNKS {
        let chunk = noise(count);
        let fitting = CAPACITY_SAMPLES / count;
        group.bench_function(BenchmarkId::new("memcpy", count), |bencher| {
            let mut memory = vec![0; 2 * CAPACITY_SAMPLES];
            let copy = |memory: &mut Vec<u8>, n| {
                let place = &mut memory[n * chunk.len()..][..chunk.len()];
                black_box(place).copy_from_slice(black_box(&chunk));
            };
            let clear = |memory: &mut Vec<u8>| memory.fill(0);
            bencher.iter_custom(|steps| time_steps(&mut memory, steps, fitting, clear, copy));
        });
        group.bench_function(BenchmarkId::new("ring", count), |bencher| {
            let mut ring = RingBuffer::new(CAPACITY_SAMPLES).expect("there is memory");
            let push = |ring: &mut RingBuffer, _| {
                black_box(ring.push(black_box(&chunk)).expect("there is room"));
            };
            bencher.iter_custom(|steps| time_steps(&mut ring, steps, fitting, release_all, push));
        });
    }
}

fn release(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("release");
    for count in CHUNKS {
        let chunk = noise(count);
        let fitting = CAPACITY_SAMPLES / count;
        group.bench_function(BenchmarkId::new("memset", count), |bencher| {
            let mut memory = vec![0; 2 * CAPACITY_SAMPLES];
            let clear = |memory: &mut Vec<u8>, n| {
                black_box(&mut memory[n * chunk.len()..][..chunk.len()]).fill(0);
            };
            let dirty = |memory: &mut Vec<u8>| memory.fill(1);
            bencher.iter_custom(|steps| time_steps(&mut memory, steps, fitting, dirty, clear));
        });
        group.bench_function(BenchmarkId::new("ring", count), |bencher| {
            let mut ring = RingBuffer::new(CAPACITY_SAMPLES).expect("there is memory");
            let release = |ring: &mut RingBuffer, _| {
                ring.release(black_box(ring.start() + count as u64))
                    .expect("it is full");
            };
            let fill = |ring: &mut RingBuffer| fill(ring, &chunk);
            bencher.iter_custom(|steps| time_steps(&mut ring, steps, fitting, fill, release));
        });
    }
}

/// Returns a ring that holds `count` samples, half of them on each side of the wrap-around.
fn wrapped(count: usize) -> RingBuffer {
    let mut ring = RingBuffer::new(count).expect("there is memory");
    ring.push(&noise(count / 2)).expect("the ring is empty");
    release_all(&mut ring);
    ring.push(&noise(count)).expect("the ring is empty");
    ring
}

/// Copies `bytes` bytes between two places half a page apart. Some processors copy thirty times
/// slower between places with similar offsets in their pages, and the place of a `Vec` is random.
fn memcpy(bencher: &mut Bencher<'_>, bytes: usize) {
    let distance = bytes.next_multiple_of(4096) + 2048;
    let mut memory = vec![1_u8; distance + bytes];
    let (from, to) = memory.split_at_mut(distance);
    bencher.iter(|| black_box(&mut *to).copy_from_slice(black_box(&from[..bytes])));
}

/// Returns all whole frames of a ring from `start` on. The context before `start` is silence.
fn frames(ring: &RingBuffer, start: u64) -> Frames<'_> {
    ring.frames(start, FRAME_SAMPLES, CONTEXT_SAMPLES, start)
        .expect("the ring holds them")
}

fn read(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    for count in CHUNKS {
        let ring = wrapped(count);
        let mut place = vec![MaybeUninit::new(0); count];
        group.bench_function(BenchmarkId::new("memcpy", count), |bencher| {
            memcpy(bencher, 2 * count);
        });
        group.bench_function(BenchmarkId::new("ring", count), |bencher| {
            bencher.iter(|| {
                let samples = ring.read(black_box(ring.start()), ring.end());
                samples
                    .expect("the ring holds them")
                    .write(black_box(&mut place));
            });
        });
    }
}

fn rows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rows");
    for count in CHUNKS {
        let ring = wrapped(count);
        let mut rows = vec![MaybeUninit::new(0.0); count / FRAME_SAMPLES * ROW_SAMPLES];
        group.bench_function(BenchmarkId::new("memcpy", count), |bencher| {
            memcpy(bencher, 4 * rows.len());
        });
        group.bench_function(BenchmarkId::new("ring", count), |bencher| {
            bencher.iter(|| {
                frames(&ring, black_box(ring.start())).write_f32(black_box(&mut rows));
            });
        });
    }
}

fn powers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("powers");
    for count in CHUNKS {
        let ring = wrapped(count);
        group.bench_function(BenchmarkId::new("memcpy", count), |bencher| {
            memcpy(bencher, 2 * count);
        });
        group.bench_function(BenchmarkId::new("ring", count), |bencher| {
            bencher.iter(|| frames(&ring, black_box(ring.start())).powers());
        });
    }
}

/// The calls of the server for one message, as `bench/test_crossing.py` makes them from Python.
fn message(criterion: &mut Criterion) {
    let count = 4096;
    let chunk = noise(count);
    let mut ring = RingBuffer::new(CAPACITY_SAMPLES).expect("there is memory");
    let mut group = criterion.benchmark_group("message");
    group.bench_function(BenchmarkId::new("ring", count), |bencher| {
        bencher.iter(|| {
            let start = ring.end();
            let end = ring.push(black_box(&chunk)).expect("there is room");
            let frames = frames(&ring, start);
            let mut rows = Vec::with_capacity(frames.len() * ROW_SAMPLES);
            frames.write_f32(&mut rows.spare_capacity_mut()[..frames.len() * ROW_SAMPLES]);
            let powers = frames.powers();
            ring.release(end).expect("it is the end");
            black_box(&mut rows);
            powers
        });
    });
}

criterion_group!(benches, push, release, read, rows, powers, message);
criterion_main!(benches);
