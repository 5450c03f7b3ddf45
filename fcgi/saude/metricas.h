/* GET /metrics: what the system knows of itself, for Prometheus. docs/operations.md lists the metrics. */
#ifndef SAUDE_METRICAS_H
#define SAUDE_METRICAS_H

#include "core/request.h"
#include "core/response.h"

/*
 * Answers 200 in any case: what cannot be asked in its time has no samples, and confeitaria_source_up is 0 for it. The other pools are
 * asked one after the other, each for the time of a health check.
 */
enum problem metricas(struct request *rq, struct response *rs);

#endif
