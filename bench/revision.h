/* SPDX-License-Identifier: MIT
 * Images of another revision of the project, built in a git work tree of their own. Invariant: the
 * user's own tree and index are not touched; results/build/COMMIT holds the images of that commit
 * whole, or is not there. Called by tach run. */
#ifndef TACH_BENCH_REVISION_H
#define TACH_BENCH_REVISION_H

#define REVISION_DIRECTORY "results/build"
#define COMMIT_TEXT        64u

/* Builds loader, kernel and initfs of a revision (any name that git knows), or finds them built.
 * *directory, the caller's to free, holds them. The build's own words are in
 * results/build/COMMIT.log. Returns an enum tach_exit after a line. */
int revision_build(const char *revision, char commit[COMMIT_TEXT], char **directory);

#endif
