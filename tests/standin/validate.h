/* The front of the API: query parameters, the form of the body, the transcoder. */
#ifndef STANDIN_VALIDATE_H
#define STANDIN_VALIDATE_H

#include <json-c/json.h>

#include "route.h"
#include "schema.h"

struct fault {
	struct buf message;
	json_object *details; /* owned until taken; NULL when there is no fault */
};

void fault_init(struct fault *f);
void fault_release(struct fault *f);
/* Parses and checks a request of method m. False with the fault; *ret_body is a new reference or
 * NULL when the method takes no body. schema checks are left out if checked is false. */
bool validate_request(const struct request *req, const struct schema_method *m, bool checked,
    json_object **ret_body, struct fault *ret_fault);

#endif
