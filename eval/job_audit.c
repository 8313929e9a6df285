/* --audit STORE: no run, no report; the table goes to stdout. */
#include <stdio.h>

#include "base/cpus.h"
#include "base/status.h"
#include "eval/audit.h"
#include "eval/jobs.h"

static int print_audit(struct audit *audit, const char *path)
{
    TRY(audit_conclude(audit));
    audit_print(stdout, audit, 1);
    if (fflush(stdout) != 0)
        return fail(STATUS_FAILED, "cannot write the audit to stdout");
    return audit_verdict(audit, path);
}

int job_audit(struct job *job)
{
    const char *path = job->settings->inputs[0];
    struct store *store = NULL;
    struct audit audit = {0};
    int threads = 1, widened_from, status;
    status = cpus_claim(job->settings->engine.threads, comm_local_size(job->comm), &threads,
                        &widened_from);
    if (status == 0)
        status = store_open(&store, path);
    status = comm_agree(job->comm, status);
    if (status == 0)
        status = audit_store(&audit, job->comm, path, store, threads);
    if (status == 0)
        status = comm_agree(job->comm, comm_rank(job->comm) == 0 ? print_audit(&audit, path) : 0);
    audit_clear(&audit);
    store_close(&store);
    return status;
}
