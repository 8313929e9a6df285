/* Which build of unmask this is. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

const char *version_number(void);   /* "0.1.0" */
const char *version_revision(void); /* of git, "-dirty" when the tree had changes */
const char *version_compiler(void); /* compiler and flags */

#endif
