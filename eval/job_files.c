#include "base/status.h"
#include "eval/jobs.h"

int job_files(struct job *job)
{
    return comm_agree(job->comm, fail(STATUS_FAILED, "FILE: not in this version"));
}
