//! Wrong orders of writes on purpose, so that the crash tests prove that they would
//! notice one. Compiled in only with the feature `mutants`, which no product has.

/// Whether the wrong order `name` is asked for.
pub(crate) fn is(name: &str) -> bool {
    cfg!(feature = "mutants")
        && std::env::var_os("KEYFERRY_MUTANT").is_some_and(|chosen| chosen == name)
}
