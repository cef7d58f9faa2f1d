#ifndef CLIBGIT2_SHIM_H
#define CLIBGIT2_SHIM_H
#include <git2.h>
#include <git2/sys/mempack.h>

/* git_libgit2_opts is variadic, which Swift does not import. */
static inline int cofferdam_git_set_search_path(int level, const char *path) {
    return git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, path);
}

static inline int cofferdam_git_set_owner_validation(int enabled) {
    return git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, enabled);
}

/* So that repositories with these are opened: what they change is not used here. */
static inline int cofferdam_git_accept_extensions(void) {
    const char *extensions[] = {"worktreeconfig", "partialclone"};
    return git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, (size_t)2);
}

/* Objects of a pack that claim to be larger are refused. */
static inline int cofferdam_git_set_largest_packed_object(size_t bytes) {
    return git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECT_SIZE, bytes);
}
#endif
