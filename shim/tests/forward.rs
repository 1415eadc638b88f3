//! What a caller of the shim gets, before and after it was told where to forward to.

use std::ffi::c_void;

use hwaja_shim::{OrtGetApiBase, hwaja_forward_to};

static WANTED: u8 = 1;
static ANOTHER: u8 = 2;

extern "C" fn wanted() -> *const c_void {
    (&raw const WANTED).cast()
}

extern "C" fn another() -> *const c_void {
    (&raw const ANOTHER).cast()
}

/// One test, since where it forwards to is kept for the life of the process.
#[test]
fn the_first_function_that_is_handed_over_is_forwarded_to_for_ever() {
    assert!(OrtGetApiBase().is_null(), "nowhere to forward to yet");
    hwaja_forward_to(None);
    assert!(OrtGetApiBase().is_null(), "null is no function");
    hwaja_forward_to(Some(wanted));
    assert_eq!(OrtGetApiBase(), wanted());
    hwaja_forward_to(Some(another));
    assert_eq!(OrtGetApiBase(), wanted());
}
