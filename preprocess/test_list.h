/* Published lists of test videos, such as Celeb-DF's List_of_testing_videos.txt. */
#ifndef PREPROCESS_TEST_LIST_H
#define PREPROCESS_TEST_LIST_H

#include "input/files.h"

/* Lines "LABEL FOLDER/NAME.mp4" (there, label 1 means REAL) or just a name. Sets listed[v] = 1 for
 * each video of the list; a name is compared with the last part of the video's name, under the
 * class that the label gives. *unlisted: lines that match no video. No match at all is an error. */
int test_list_mark(const char *path, const struct file_list *list, char *listed, int64_t *unlisted);

#endif
