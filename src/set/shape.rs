//! How many limits a set has: a number that the compiler knows, or one that is known only at run
//! time.

/// How a set holds one value for each of its limits.
pub(crate) trait Shape: 'static {
    /// One value for each limit.
    type Each<T: Clone>: AsRef<[T]> + AsMut<[T]> + Clone;

    /// Makes a value for each of `count` limits.
    fn each<T: Clone>(count: usize, make: impl FnMut(usize) -> T) -> Self::Each<T>;
}

/// `N` limits: values are in arrays, and nothing is allocated.
pub(crate) struct Fixed<const N: usize>;

/// Any number of limits: values are in boxed slices.
pub(crate) struct Listed;

impl<const N: usize> Shape for Fixed<N> {
    type Each<T: Clone> = [T; N];

    #[inline]
    fn each<T: Clone>(_count: usize, make: impl FnMut(usize) -> T) -> [T; N] {
        std::array::from_fn(make)
    }
}

impl Shape for Listed {
    type Each<T: Clone> = Box<[T]>;

    fn each<T: Clone>(count: usize, make: impl FnMut(usize) -> T) -> Box<[T]> {
        (0..count).map(make).collect()
    }
}
