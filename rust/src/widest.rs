//! Loops that use the widest vectors of the processor.

/// Compiles a function for several instruction sets. Calls the best that the processor supports.
///
/// A wheel for x86-64 may assume only SSE2 (2003), with which the loops of this crate take two to
/// four times as long. Other architectures use the plain body.
///
/// Only processors with VBMI2 use 512-bit vectors: older ones lower their clock for them.
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
