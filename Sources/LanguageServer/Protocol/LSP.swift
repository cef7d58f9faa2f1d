/// Namespace of the Language Server Protocol 3.17 types that this server speaks.
///
/// Only the fields in use are there; unknown ones are ignored when reading. Names and meanings are the
/// specification's, so the types carry a comment only where this server adds something.
enum LSP {}
