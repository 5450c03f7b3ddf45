/* JSON: reading and writing. */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include "core/json_in.h"
#include "core/json_out.h"

#endif
