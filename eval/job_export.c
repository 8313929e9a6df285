#include "base/status.h"
#include "eval/jobs.h"

int job_export(struct job *job)
{
    return comm_agree(job->comm, fail(STATUS_FAILED, "--export: not in this version"));
}
