#include <stdio.h>

#include <jpeglib.h>

#include "image/image.h"

/* Two steps, since the version is a bare token like 2.1.5 and not a string. */
#define TEXT_OF(token) #token
#define TEXT(macro)    TEXT_OF(macro)

const char *image_library(void)
{
    return "libjpeg-turbo " TEXT(LIBJPEG_TURBO_VERSION);
}
