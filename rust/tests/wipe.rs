//! Released audio is nowhere in the memory of the ring.
//!
//! The allocator of the test checks the memory when it is freed. It does not test that the compiler
//! keeps the wiping: zeroize guarantees that.

use std::alloc::{GlobalAlloc, Layout, System};
use std::slice;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use hwaja_pcm::RingBuffer;

/// No other allocation has this odd size.
const CAPACITY_SAMPLES: usize = 10_007;

static CLEAN: AtomicUsize = AtomicUsize::new(0);
static DIRTY: AtomicUsize = AtomicUsize::new(0);

struct Inspector;

// SAFETY: all calls are passed on unchanged to the allocator of the system.
unsafe impl GlobalAlloc for Inspector {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        if layout == Layout::new::<[i16; CAPACITY_SAMPLES]>() {
            // SAFETY: the memory is still allocated and has this size. It is initialised: only a
            // ring and a filled Vec have this size.
            let bytes = unsafe { slice::from_raw_parts(memory, layout.size()) };
            let found = if bytes.iter().all(|&byte| byte == 0) {
                &CLEAN
            } else {
                &DIRTY
            };
            found.fetch_add(1, Relaxed);
        }
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Inspector = Inspector;

fn found() -> (usize, usize) {
    (CLEAN.load(Relaxed), DIRTY.load(Relaxed))
}

/// Dropping a ring wipes its held samples, on both sides of the wrap-around.
#[test]
fn no_audio_outlives_its_ring() {
    drop(vec![0x55_i16; CAPACITY_SAMPLES]);
    assert_eq!(found(), (0, 1), "the allocator sees what is left behind");

    let mut ring = RingBuffer::new(CAPACITY_SAMPLES).expect("there is memory");
    ring.push(&[0x55; 2 * 6_000]).expect("there is room");
    ring.release(5_000).expect("it is within the ring");
    ring.push(&[0x55; 2 * 6_000]).expect("there is room");
    let (first, second) = ring
        .read(5_000, 12_000)
        .expect("the ring holds them")
        .as_slices();
    assert!(!first.is_empty() && !second.is_empty());

    drop(ring);
    assert_eq!(found(), (1, 1));
}
