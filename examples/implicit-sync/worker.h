/* SPDX-License-Identifier: MIT */
/* The three processes: each goes round the buffers, at its own pace. */
#ifndef IMPLICIT_SYNC_WORKER_H
#define IMPLICIT_SYNC_WORKER_H

#include "run.h"

/* Until the run stops; the producer stops it. Returns an exit status: CLEAN, or FAILED. */
int worker_run(struct run *run, enum role role);

#endif /* IMPLICIT_SYNC_WORKER_H */
