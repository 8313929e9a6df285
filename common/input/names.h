/* From a frame's name to the video it came from and the group that must stay on one side. */
#ifndef INPUT_NAMES_H
#define INPUT_NAMES_H

#include "input/files.h"

/* The video's name by the built-in rules, from the path of a frame: its folder and its name without
 * the frame number ("real/v07_f012.jpg" -> "real/v07"; "real/clip 9/0003.jpg" -> "real/clip 9").
 * folder_length: of the class folder at the head of the path. Returns 1, or 0 when no rule fits:
 * then the video is the path without its extension. */
int names_video(const char *path, int folder_length, char *video, int bytes);

/* What a video was made from, where its name tells (Celeb-DF, FaceForensics++): up to two keys that
 * it shares with its sources. Returns how many; 0 when the name tells nothing. */
int names_sources(const char *video, char keys[2][64]);

/* Fills video and group of every file, and the name lists. A regular expression (POSIX extended,
 * capture 1 is the key) replaces a rule when it is not NULL; a file that does not match it is an
 * error that shows the first three. */
int names_assign(struct file_list *list, const char *video_regex, const char *group_regex);

#endif
