struct shape { int sides; };

static inline int corners(struct shape *shape)
{
    return shape->corner_count; /* PLANTED(gcc,clang) error corner_count */
}
