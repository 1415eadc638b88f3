//! Loops in the widest vectors that the processor at hand has.

/// Compiles a function for several kinds of processor and calls the best that this one can run.
///
/// A wheel may assume of an x86-64 processor no more than the SSE2 of 2003, in which the loops of
/// this crate take two to four times as long. Other architectures get the body as it is.
///
/// 512-bit vectors are left to processors with VBMI2: their elders lower the clock for them.
macro_rules! widest {
    (
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident($($argument:ident: $type:ty),*) $(-> $output:ty)? $body:block
    ) => {
        $(#[$attribute])*
        $visibility fn $name($($argument: $type),*) $(-> $output)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512vbmi2")]
                fn with_avx512($($argument: $type),*) $(-> $output)? $body

                #[target_feature(enable = "avx2")]
                fn with_avx2($($argument: $type),*) $(-> $output)? $body

                if is_x86_feature_detected!("avx512vbmi2") {
                    // SAFETY: the processor has the feature that the function is compiled for.
                    return unsafe { with_avx512($($argument),*) };
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has the feature that the function is compiled for.
                    return unsafe { with_avx2($($argument),*) };
                }
            }
            $body
        }
    };
}

pub(crate) use widest;
